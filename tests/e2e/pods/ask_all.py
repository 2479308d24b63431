"""Runs in a pod: asks until each question has its answer, and writes down what became of every attempt.

ask_all.py URL OUT PREFIX COUNT CONCURRENCY BYTES SECONDS: COUNT questions at full speed, in waves five
seconds apart where SECONDS are given. An attempt has an id of its own, <PREFIX>-<question>-<attempt>, sent as
x-request-id, and a new connection. OUT gets a JSON line for each, as soon as it is over:

completed  200 and the whole answer; `pod` is the uid of who gave it
refused    another status
unreached  no connection was made: nobody can have seen it
cut        the connection broke off or the time was up: it may have been answered or not
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import IO

import aiohttp

WAVE_SECONDS = 5.0
ATTEMPTS, PAUSE = 300, 0.2


class Asker:
    """Asks one question after the other."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, out: IO[str], prefix: str, size: int
    ) -> None:
        self._session, self._url, self._out, self._prefix, self._size = session, url, out, prefix, size

    async def until_answered(self, question: int) -> None:
        """Try, as a patient client does."""
        for attempt in range(1, ATTEMPTS + 1):
            begun, request_id = time.time(), f"{self._prefix}-{question}-{attempt}"
            outcome = await self._ask(question, request_id)
            line = {"id": request_id, "begun": begun, "ended": time.time()} | outcome
            self._out.write(json.dumps(line) + "\n")
            if outcome["outcome"] == "completed":
                return
            await asyncio.sleep(PAUSE)

    async def _ask(self, question: int, request_id: str) -> dict:
        body = {"question": question, "size": self._size}
        headers = {"x-request-id": request_id}
        try:
            async with self._session.post(self._url, json=body, headers=headers) as response:
                answer = await response.read()
                if response.status != 200:
                    return {"outcome": "refused", "status": response.status}
                return {"outcome": "completed", "pod": json.loads(answer)["pod"]}
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return {"outcome": "unreached"}
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return {"outcome": "cut", "cause": f"{type(error).__name__}: {error}"[:200]}


async def fill(questions: "asyncio.Queue[int]", count: int, seconds: float) -> None:
    """Hand the questions out, in waves."""
    waves = max(1, int(seconds / WAVE_SECONDS))
    for wave in range(waves):
        for question in range(count * wave // waves, count * (wave + 1) // waves):
            questions.put_nowait(question)
        await asyncio.sleep(WAVE_SECONDS if wave + 1 < waves else 0)


async def main(
    url: str, out: str, prefix: str, count: int, concurrency: int, size: int, seconds: float
) -> None:
    """Ask them all."""
    questions: asyncio.Queue[int] = asyncio.Queue()
    timeout = aiohttp.ClientTimeout(total=30, connect=5)
    connector = aiohttp.TCPConnector(force_close=True, limit=0)
    with Path(out).open("w", buffering=1, encoding="utf-8") as file:  # noqa: ASYNC230 - at the beginning
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            asker = Asker(session, url, file, prefix, size)

            async def work() -> None:
                while True:
                    await asker.until_answered(await questions.get())
                    questions.task_done()

            workers = [asyncio.create_task(work()) for _ in range(concurrency)]
            await fill(questions, count, seconds)
            await questions.join()
            for worker in workers:
                worker.cancel()


url, out, prefix = sys.argv[1:4]
asyncio.run(main(url, out, prefix, *(int(each) for each in sys.argv[4:7]), float(sys.argv[7])))
