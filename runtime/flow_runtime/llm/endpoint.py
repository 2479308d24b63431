"""Where a call of an LLM goes: URL, headers and the model's name, for each kind of provider. Pure."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

OPENAI_URL = "https://api.openai.com/v1"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a call goes: URL, headers (with the key) and the model's name as the provider knows it."""

    url: str
    headers: dict[str, str] = field(repr=False)
    model: str


def openai(base_url: str | None, key: str, organization: str | None, model: Any, operation: str) -> Endpoint:
    """Build the end point of OpenAI's own API or of one like it."""
    headers = {"content-type": JSON, "authorization": f"Bearer {key}"}
    if organization:
        headers["openai-organization"] = organization
    return Endpoint(f"{(base_url or OPENAI_URL).rstrip('/')}/{operation}", headers, str(model or ""))


def azure(base: str, version: str, header: tuple[str, str], deployment: Any, operation: str) -> Endpoint:
    """Build the end point of a deployment of Azure OpenAI; `header` holds the key or the token."""
    path = f"/openai/deployments/{quote(str(deployment or ''), safe='')}/{operation}"
    url = f"{base.rstrip('/')}{path}?api-version={quote(version)}"
    return Endpoint(url, {"content-type": JSON, header[0]: header[1]}, str(deployment or ""))


def serverless(base: str, key: str, model: Any, operation: str) -> Endpoint:
    """Build the end point of a model of Azure's catalogue, whose API is at /v1."""
    base = base.rstrip("/")
    return openai(base if base.endswith("/v1") else f"{base}/v1", key, None, model, operation)
