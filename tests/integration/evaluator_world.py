"""A store with records, evaluators as processes over it, and what a judge behind the API says."""

import asyncio
import gzip
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from flow_runtime.contracts.record import Record
from flow_runtime.contracts.run import RunSummary
from flow_runtime.contracts.settings import EvaluatorSettings, StoreSettings, settings_json
from flow_runtime.evaluator.report import Report
from flow_runtime.store import Store
from flow_runtime.store.keys import evaluation_key, segment_key
from tests.integration.processes import Handler, llm_that
from tests.integration.s3 import secret_folder
from tests.unit.evaluator_parts import BOT, settings

ORDER = (
    "[doc1]\nTrailMaster X4 tent: sleeps four, 3.2 kg, 250 dollars.\n\n"
    "[doc3]\nOrder 8142: Daniel Wilson ordered the BaseCamp Folding Table on May 7th, 2023."
)
JAPANESE = "Daniel Wilson が BaseCamp Folding Table を注文したのはいつですか？"
JAPANESE_ANSWER = "Daniel Wilson は May 7th, 2023 に BaseCamp Folding Table を注文しました [doc3]。"


def request_of(number: int, query: str, reply: str) -> dict[str, Any]:
    return {
        "id": f"id-{number:05d}",
        "time": datetime.now(UTC).isoformat(),
        "namespace": "shop",
        "deployment": "bot",
        "revision": "0123456789ab",
        "pod": "bot-1",
        "request_id": f"r{number}",
        "inputs": {"query": query},
        "outputs": {"reply": reply, "docs": ORDER},
        "status": 200,
        "latency_ms": 10,
    }


def questions(count: int) -> list[Record]:
    return [
        Record.model_validate(
            request_of(n, f"How heavy is tent {n}?", "The TrailMaster X4 tent weighs 3.2 kg [doc1].")
        )
        for n in range(count)
    ]


class World:
    """A store with records, and runs over them."""

    def __init__(
        self, folder: Path, judge_url: str, store: StoreSettings | None = None, **judge: Any
    ) -> None:
        self._folder = folder
        self.store = store or StoreSettings(url=(folder / "store").as_uri())
        keys = {
            "base_url": judge_url,
            "api_base": judge_url.removesuffix("/v1"),
            "api_key": "sk-test-judge-key",
        }
        connection = {"name": "judge", "type": "OpenAI", "directory": secret_folder(folder / "judge", **keys)}
        made = settings(folder, lookback_seconds=24 * 3600, store=self.store)
        self.settings: EvaluatorSettings = made.model_validate(
            made.model_dump() | {"judge": {"connection": connection, "model": "judge-1", **judge}}
        )

    async def put(self, records: Sequence[Record]) -> None:
        data = gzip.compress("".join(each.model_dump_json() + "\n" for each in records).encode())
        key = segment_key(BOT, records[0].time, "pod", 1, len(records))
        await Store.open(self.store).put(str(key), data)

    def command(self) -> tuple[str, ...]:
        file = self._folder / "settings.json"
        file.write_text(settings_json(self.settings))
        return sys.executable, "-m", "flow_runtime.evaluator", str(file)

    async def run(self, **environment: str) -> tuple[int, RunSummary, str]:
        """Make a run; gives exit status, the summary of the termination message, and the log."""
        message = self._folder / "termination-log"
        process = await asyncio.create_subprocess_exec(
            *self.command(),
            env=os.environ | {"FLOW_TERMINATION_LOG": str(message)} | environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, log = await process.communicate()
        assert process.returncode is not None
        data = await asyncio.to_thread(message.read_bytes)
        assert data == out.strip()
        assert len(data) <= 4096
        assert "sk-test-judge-key" not in log.decode() + out.decode()
        return process.returncode, RunSummary.model_validate_json(data), log.decode()

    async def report(self, summary: RunSummary) -> Report:
        key = evaluation_key(BOT, "weekly", summary.run, "report.json")
        return Report.model_validate_json(await Store.open(self.store).get(key))


def written(file: Path) -> bool:
    return file.exists()


def completion(content: str, **message: Any) -> web.Response:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": content} | message,
        "finish_reason": "stop",
    }
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    return web.json_response(
        {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": "m-1",
            "choices": [choice],
            "usage": usage,
        }
    )


def judgement(score: object) -> web.Response:
    return completion(json.dumps({"reason": "Because.", "quotes": [], "score": score}))


def is_probe(body: dict[str, Any]) -> bool:
    return "Alder backpack" in body["messages"][1]["content"]


async def run_against(
    tmp_path: Path, handler: Handler, count: int = 40, **judge: Any
) -> tuple[int, RunSummary, str]:
    async with llm_that(handler) as url:
        world = World(tmp_path, url, **judge)
        await world.put(questions(count))
        return await world.run()
