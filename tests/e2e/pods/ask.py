"""Runs in the client pod: sends questions to a Service and prints what came back as one line of JSON.

ask.py URL FIRST COUNT CONCURRENCY [SECONDS [IDS]]: questions FIRST..FIRST+COUNT-1, or over and over until
/tmp/stop exists (at most SECONDS). A new connection for each request, as many clients have. Each has a
request id of its own; with IDS, question 7 always has the id IDS-7, as retries do.
"""

import asyncio
import json
import sys
import time
import uuid
from collections import Counter
from pathlib import Path

import aiohttp

STOP = Path("/tmp/stop")


async def ask(session: aiohttp.ClientSession, url: str, number: int, request_id: str) -> tuple[int, str]:
    body, headers = {"query": f"How much does the lantern {number} cost?"}, {"x-request-id": request_id}
    try:
        async with session.post(url, json=body, headers=headers) as response:
            body = await response.text()
            return response.status, body if response.status != 200 else reply_of(json.loads(body))
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
        return 0, f"{type(error).__name__}: {error}"


def reply_of(answer: dict | str) -> str:
    return answer if isinstance(answer, str) else answer["reply"]


async def worker(
    session: aiohttp.ClientSession,
    url: str,
    numbers: "asyncio.Queue[int]",
    ids: str,
    out: list,
    completed: list,
) -> None:
    while not numbers.empty():
        number = numbers.get_nowait()
        request_id = f"{ids}-{number}" if ids else str(uuid.uuid4())
        status, reply = await ask(session, url, number, request_id)
        out.append((number, status, reply))
        if status == 200:
            completed.append(request_id)


def told_to_stop() -> bool:
    return STOP.exists()


async def main(url: str, first: int, count: int, concurrency: int, seconds: float, ids: str) -> None:
    end = time.monotonic() + seconds
    answers: list = []
    completed: list = []
    timeout = aiohttp.ClientTimeout(total=30, connect=5)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True), timeout=timeout
    ) as session:
        while True:
            numbers: asyncio.Queue[int] = asyncio.Queue()
            for number in range(first, first + count):
                numbers.put_nowait(number)
            workers = [worker(session, url, numbers, ids, answers, completed) for _ in range(concurrency)]
            await asyncio.gather(*workers)
            if time.monotonic() >= end or told_to_stop():
                break
            await asyncio.sleep(0.05)
    failures = [answer for answer in answers if answer[1] != 200]
    told = {
        "sent": len(answers),
        "failures": failures[:20],
        "kinds": Counter(f"{status} {text.split(':')[0]}" for _, status, text in failures),
        "completed": completed,
        "answers": answers[-count:],
    }
    print(json.dumps(told))


STOP.unlink(missing_ok=True)
url, first, count, concurrency, seconds, ids, *_ = [*sys.argv[1:], *("0", "")[len(sys.argv) - 5 :]]
asyncio.run(main(url, int(first), int(count), int(concurrency), float(seconds), ids))
