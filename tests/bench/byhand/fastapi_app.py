"""What most people would write: FastAPI and the openai package, on uvicorn with uvloop and httptools."""

import json
from collections.abc import AsyncIterator
from typing import Any

import flows
import openai
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

app = FastAPI()
_client = openai.AsyncOpenAI(base_url=flows.URL, api_key=flows.KEY)


class Inputs(BaseModel):
    question: str
    chat_history: list[dict[str, Any]] = []


async def ask(messages: flows.Messages) -> str:
    answer = await _client.chat.completions.create(model="stub", messages=messages, temperature=0)
    return answer.choices[0].message.content or ""


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "Healthy"}


@app.post("/score")
async def score(inputs: Inputs) -> dict[str, Any]:
    return await flows.RUN(ask, **inputs.model_dump(exclude_unset=True))


@app.post("/stream")
async def stream(inputs: Inputs) -> StreamingResponse:
    return StreamingResponse(_frames(inputs), media_type="text/event-stream")


async def _frames(inputs: Inputs) -> AsyncIterator[str]:
    said = flows.messages(inputs.question, inputs.chat_history)
    pieces = await _client.chat.completions.create(model="stub", messages=said, temperature=0, stream=True)
    async for piece in pieces:
        if piece.choices and piece.choices[0].delta.content is not None:
            yield f"data: {json.dumps({'answer': piece.choices[0].delta.content})}\n\n"
