"""An OpenAI-compatible server that answers by rule and keeps what it was asked.

Standard library only: each engine's process runs its own copy, in its own environment. Rules, by the text
of the last message (or the prompt): `!status N` answers that status, `!say TEXT` says TEXT, `!empty` says
nothing; otherwise functions and tools are called, JSON is given where asked for, else the request is told.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

KEPT_HEADERS = (
    "authorization",
    "api-key",
    "openai-organization",
    "ocp-apim-subscription-key",
    "azureml-model-deployment",
    "ms-azure-ai-sender",
    "x-ms-user-agent",
)
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100"
    "c9fe92ef0000000049454e44ae426082"
)


def text_of(content: Any) -> str:
    """The text of a message's content, images as a mark."""
    if isinstance(content, list):
        return "\n".join(part.get("text", f"<{part.get('type')}>") for part in content)
    return str(content or "")


def said(body: dict[str, Any]) -> dict[str, Any]:
    """The message that a chat is answered with."""
    messages = body.get("messages") or []
    last = text_of(messages[-1].get("content")) if messages else ""
    if "!empty" in last:
        return {"role": "assistant", "content": ""}
    if "!say " in last:
        return {"role": "assistant", "content": last.split("!say ", 1)[1].strip()}
    asked_back = bool(messages) and messages[-1].get("role") in ("tool", "function")
    if body.get("tools") and not asked_back:
        name = body["tools"][0]["function"]["name"]
        call = {
            "id": "call_1",
            "type": "function",
            "function": {"name": name, "arguments": '{"city": "Bern"}'},
        }
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    if body.get("functions") and not asked_back:
        name = body["functions"][0]["name"]
        call = {"name": name, "arguments": '{"city": "Bern"}'}
        return {"role": "assistant", "content": None, "function_call": call}
    if (body.get("response_format") or {}).get("type") in ("json_object", "json_schema"):
        return {"role": "assistant", "content": '{"answer": "yes", "score": 4, "extra": {"deep": [1, null]}}'}
    roles = ",".join(message.get("role", "?") for message in messages)
    return {"role": "assistant", "content": f"[{roles}] {last[:300]}"}


def chat(body: dict[str, Any]) -> dict[str, Any]:
    """A chat completion."""
    message = said(body)
    reason = "tool_calls" if message.get("tool_calls") else "stop"
    choices = [
        {"index": index, "message": message, "finish_reason": reason, "logprobs": None}
        for index in range(body.get("n") or 1)
    ]
    model = body.get("model") or "deployed"
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": model,
        "choices": choices, "usage": USAGE,
    }  # fmt: skip


def chat_chunks(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The same as a stream: a role, words, an end, and the usage where it is asked for."""
    message = said(body)
    words = [word + " " for word in (message["content"] or "").split(" ")]
    if words:
        words[-1] = words[-1][:-1]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": word} for word in words if word]
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "m"}
    chunks = [{**head, "choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas]
    chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if (body.get("stream_options") or {}).get("include_usage"):
        chunks.append({**head, "choices": [], "usage": USAGE})
    return chunks


def completion(body: dict[str, Any]) -> dict[str, Any]:
    """A completion of a prompt."""
    prompt = body["prompt"] if isinstance(body["prompt"], str) else str(body["prompt"])
    text = prompt.split("!say ", 1)[1].strip() if "!say " in prompt else f"completed: {prompt[:300]}"
    choices = [{"index": 0, "text": text, "finish_reason": "stop", "logprobs": None}]
    return {
        "id": "cmpl-1", "object": "text_completion", "created": 1700000000, "model": body.get("model") or "m",
        "choices": choices, "usage": USAGE,
    }  # fmt: skip


def completion_chunks(body: dict[str, Any]) -> list[dict[str, Any]]:
    """A completion as a stream of words."""
    whole = completion(body)
    text = whole["choices"][0]["text"]
    return [
        {**whole, "choices": [{"index": 0, "text": word + " ", "finish_reason": None, "logprobs": None}]}
        for word in text.split(" ")
    ]


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    """A vector that depends on the text's length alone."""
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    data = [
        {"object": "embedding", "index": i, "embedding": [len(str(t)) / 8, 0.5]} for i, t in enumerate(texts)
    ]
    return {"object": "list", "data": data, "model": body.get("model") or "m", "usage": USAGE}


def safety(text: str) -> dict[str, Any]:
    """A judgement of a text: as severe as it says, in each category."""
    names = ("Hate", "SelfHarm", "Sexual", "Violence")
    return {
        "blocklistsMatch": [],
        "categoriesAnalysis": [
            {"category": name, "severity": 2 * text.count(name.lower())} for name in names
        ],
    }


class Scripted(ThreadingHTTPServer):
    """The server on a free port of loopback; `asked` grows by one entry per request to a model."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[dict[str, Any]] = []
        self.connections: dict[str, Any] = {}
        """What `GET /connections/<name>` answers, for the engine that asks over HTTP."""
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Scripted

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        if self.path.startswith("/connections/"):
            found = self.server.connections.get(self.path.removeprefix("/connections/"))
            self._json(200 if found else 404, found or {})
        elif self.path.startswith("/search?"):
            query = dict(parse_qsl(self.path.partition("?")[2]))
            self.server.asked.append({"path": "/search", "headers": {}, "body": query})
            status = {"refuse": 401, "fail": 500}.get(query["q"], 200)
            self._json(status, {"error": "no key"} if status > 200 else {"organic_results": ["found"]})
        elif self.path.startswith("/pixel.png"):
            self._send(200, "image/png", PIXEL)
        else:
            self._json(404, {})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        headers = {name: self.headers[name] for name in KEPT_HEADERS if self.headers[name]}
        self.server.asked.append({"path": self.path, "headers": headers, "body": body})
        last = text_of((body.get("messages") or [{}])[-1].get("content")) or str(body.get("prompt", ""))
        if "!status " in last:
            status = int(last.split("!status ", 1)[1].split()[0])
            self._json(status, {"error": {"message": "as scripted", "type": "scripted", "code": None}})
        elif "/chat/completions" in self.path:
            self._stream(chat_chunks(body)) if body.get("stream") else self._json(200, chat(body))
        elif "/completions" in self.path:
            self._stream(completion_chunks(body)) if body.get("stream") else self._json(200, completion(body))
        elif "/contentsafety/" in self.path:
            self._json(200, safety(body["text"]))
        elif "/online" in self.path:
            chat_asked = isinstance(body["input_data"]["input_string"][0], dict)
            self._json(200, {"output": "modelled"} if chat_asked else [{"0": "modelled"}])
        elif "/embeddings" in self.path:
            self._json(200, embeddings(body))
        else:
            self._json(404, {"error": {"message": "no such path"}})

    def _json(self, status: int, value: Any) -> None:
        self._send(status, "application/json", json.dumps(value).encode())

    def _stream(self, chunks: list[dict[str, Any]]) -> None:
        lines = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
        self._send(200, "text/event-stream", (lines + "data: [DONE]\n\n").encode())

    def _send(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
