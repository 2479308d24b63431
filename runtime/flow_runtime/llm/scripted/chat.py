"""Chat completions of OpenAI's API, as far as the stub speaks them. No I/O."""

import hashlib
import json
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, JsonValue

from flow_runtime.llm.scripted.answerer import Message, answer
from flow_runtime.llm.scripted.judge import judge
from flow_runtime.llm.scripted.material import material_of

MODEL = "scripted-stub"
CHARACTERS_PER_TOKEN = 4
"""The stub has no tokenizer: its usage numbers are lengths divided by this, rounded up."""


class ChatMessage(BaseModel):
    """A message; of content in parts, the text is read."""

    role: str
    content: str | list[dict[str, JsonValue]] | None = None

    def plain(self) -> Message:
        """The message as text."""
        if isinstance(self.content, list):
            return Message(self.role, "\n".join(str(part.get("text", "")) for part in self.content))
        return Message(self.role, self.content or "")


class StreamOptions(BaseModel):
    """Whether the last chunk of a stream tells the usage."""

    include_usage: bool = False


class ChatRequest(BaseModel):
    """What the stub reads of a request; parameters of sampling mean nothing to it."""

    model_config = ConfigDict(extra="ignore")

    messages: list[ChatMessage]
    stream: bool = False
    stream_options: StreamOptions | None = None
    response_format: dict[str, JsonValue] | None = None


class CannotAnswer(ValueError):  # noqa: N818 - the name is the sentence
    """A request that the rules do not cover."""


def content_for(request: ChatRequest) -> str:
    """Judge a judge's request, answer any other. Raises CannotAnswer for any other schema."""
    messages = [m.plain() for m in request.messages]
    material = material_of(messages)
    if material is not None:
        opinion = judge(material)
        quotes = [{"text": text, "where": where} for text, where in opinion.quotes]
        return json.dumps(
            {"reason": opinion.reason, "quotes": quotes, "score": opinion.score}, ensure_ascii=False
        )
    if request.response_format and request.response_format.get("type") != "text":
        raise CannotAnswer("response_format: the scripted stub fills the schema of a judgement and no other")
    return answer(messages)


def completion(request: ChatRequest, content: str, created: int) -> dict[str, JsonValue]:
    """The body of an answer that is not streamed."""
    message: JsonValue = {"role": "assistant", "content": content}
    choice: JsonValue = {"index": 0, "message": message, "finish_reason": "stop"}
    return {
        **_head(content, created, "chat.completion"),
        "choices": [choice],
        "usage": _usage(request, content),
    }


def chunks(request: ChatRequest, content: str, created: int) -> Iterator[dict[str, JsonValue]]:
    """The same answer word by word, then the reason to stop, then the usage if it was asked for."""
    head = _head(content, created, "chat.completion.chunk")
    for piece in _pieces(content):
        yield {**head, "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]}
    yield {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    if request.stream_options and request.stream_options.include_usage:
        yield {**head, "choices": [], "usage": _usage(request, content)}


def _head(content: str, created: int, kind: str) -> dict[str, JsonValue]:
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    return {"id": f"chatcmpl-{digest}", "object": kind, "created": created, "model": MODEL}


def _usage(request: ChatRequest, content: str) -> dict[str, JsonValue]:
    prompt = sum(-(-len(m.plain().text) // CHARACTERS_PER_TOKEN) for m in request.messages)
    said = -(-len(content) // CHARACTERS_PER_TOKEN)
    return {"prompt_tokens": prompt, "completion_tokens": said, "total_tokens": prompt + said}


def _pieces(content: str) -> Iterator[str]:
    words = content.split(" ")
    yield words[0]
    for word in words[1:]:
        yield f" {word}"
