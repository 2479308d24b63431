"""Runs in the client pod: sends questions to a Service and prints what came back as one line of JSON.

ask.py URL FIRST COUNT CONCURRENCY [SECONDS]: questions FIRST..FIRST+COUNT-1, or over and over until /tmp/stop
exists (at most SECONDS). A new connection for each request, as many clients have.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import aiohttp

STOP = Path("/tmp/stop")


async def ask(session: aiohttp.ClientSession, url: str, number: int) -> tuple[int, str]:
    try:
        async with session.post(url, json={"query": f"How much does the lantern {number} cost?"}) as response:
            body = await response.text()
            return response.status, body if response.status != 200 else reply_of(json.loads(body))
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
        return 0, f"{type(error).__name__}: {error}"


def reply_of(answer: dict | str) -> str:
    return answer if isinstance(answer, str) else answer["reply"]


async def worker(session: aiohttp.ClientSession, url: str, numbers: "asyncio.Queue[int]", out: list) -> None:
    while not numbers.empty():
        number = numbers.get_nowait()
        out.append((number, *await ask(session, url, number)))


def told_to_stop() -> bool:
    return STOP.exists()


async def main(url: str, first: int, count: int, concurrency: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    answers: list = []
    timeout = aiohttp.ClientTimeout(total=30, connect=5)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True), timeout=timeout
    ) as session:
        while True:
            numbers: asyncio.Queue[int] = asyncio.Queue()
            for number in range(first, first + count):
                numbers.put_nowait(number)
            await asyncio.gather(*(worker(session, url, numbers, answers) for _ in range(concurrency)))
            if time.monotonic() >= end or told_to_stop():
                break
            await asyncio.sleep(0.05)
    failures = [answer for answer in answers if answer[1] != 200]
    print(json.dumps({"sent": len(answers), "failures": failures[:20], "answers": answers[-count:]}))


STOP.unlink(missing_ok=True)
asyncio.run(main(sys.argv[1], *(int(a) for a in sys.argv[2:5]), float((sys.argv[5:] or ["0"])[0])))
