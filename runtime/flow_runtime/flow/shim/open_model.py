"""promptflow.tools.open_model_llm: models behind online endpoints, named by a custom connection."""

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from flow_runtime.flow.shim import ambient, prompts, web
from flow_runtime.flow.shim.decorators import ToolProvider, tool
from flow_runtime.flow.shim.tool_exceptions import (
    OpenModelLLMKeyValidationError,
    OpenModelLLMOnlineEndpointError,
    OpenModelLLMUserError,
)
from flow_runtime.flow.shim.types import PromptTemplate

FIELDS = ("endpoint_url", "endpoint_api_key", "model_family")
_ROLES = re.compile(r"\n*(system|user|assistant)\s*:\s*\n", re.IGNORECASE)
_SERVERLESS = ("serverless.ml.azure.com", "inference.ai.azure.com")
_ESCAPED = re.compile(r"\\([\\\"a-zA-Z])")


class API(StrEnum):
    """What is asked of an open model."""

    CHAT = "chat"
    COMPLETION = "completion"


class ModelFamily(StrEnum):
    """Models whose form of requests is known."""

    LLAMA = "LLaMa"
    DOLLY = "Dolly"
    GPT2 = "GPT-2"
    FALCON = "Falcon"


class OpenModelLLM(ToolProvider):
    """A model behind an endpoint."""

    @tool
    def call(
        self,
        prompt: PromptTemplate,
        api: str,
        endpoint_name: str,
        deployment_name: str | None = None,
        temperature: float = 1.0,
        max_new_tokens: int = 500,
        top_p: float = 1.0,
        model_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> str:
        """Ask. Raises OpenModelLLMUserError, …KeyValidationError, …OnlineEndpointError."""
        url, key, family = _endpoint(endpoint_name, kwargs)
        serverless = any(host in url for host in _SERVERLESS)
        if serverless and not url.endswith("completions"):
            url = f"{url}/v1/{'chat/completions' if api == API.CHAT else 'completions'}"
        text = prompts.render_jinja_template(prompt, **kwargs)
        own = {"top_p": top_p, "temperature": temperature, "max_new_tokens": max_new_tokens}
        body = _body(family, api, serverless, text, {**(model_kwargs or {}), **own})
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {key}",
            "x-ms-user-agent": f"PromptFlow/OpenModelLLM/{family}",
        }
        deployment = (deployment_name or "").strip()
        if deployment and deployment != "default":
            headers["azureml-model-deployment"] = deployment
        return _answer(_asked(url, headers, body), family, api, serverless)


def _endpoint(name: str, given: Mapping[str, Any]) -> tuple[str, str, ModelFamily]:
    """Take address, key and family of the arguments, or of the custom connection `connection/<name>`."""
    found: Mapping[str, Any] = given
    if not any(field in given for field in FIELDS):
        kind, _, connection = name.partition("/")
        if kind.lower() not in ("connection", "localconnection") or not connection:
            raise OpenModelLLMUserError(
                f"'{name}': endpoints are not looked up in Azure here: make a custom connection of "
                f"{', '.join(FIELDS)} and write connection/<its name>"
            )
        custom = ambient.current().services.connection(connection)
        found = {**custom.configs, **custom.secrets}
    if missing := [field for field in FIELDS if field not in found]:
        raise OpenModelLLMKeyValidationError(f"Required key `{missing[0]}` not found for '{name}'.")
    family = str(found["model_family"]).lower()
    for known in ModelFamily:
        if family in (known.name.lower(), known.value.lower()):
            return str(found["endpoint_url"]), str(found["endpoint_api_key"]), known
    raise OpenModelLLMKeyValidationError(
        f"Given model_family '{found['model_family']}' not recognized.\n"
        f"Supported models are: {','.join(known.name for known in ModelFamily)}."
    )


def _body(family: ModelFamily, api: str, serverless: bool, text: str, parameters: dict[str, Any]) -> str:
    escaped = _ESCAPED.sub(r"\\\1", text)
    if family is not ModelFamily.LLAMA:
        return json.dumps({"input_data": {"input_string": [escaped]}, "parameters": parameters})
    said: Any = _messages(text) if api == API.CHAT else escaped
    if serverless:
        parameters["max_tokens"] = parameters["max_new_tokens"]
        head = {"model": "llama-2-7b-hf", "messages": said} if api == API.CHAT else {"prompt": said}
        return json.dumps({**head, "n": 1, **parameters})
    parameters.setdefault("do_sample", True)
    listed = said if api == API.CHAT else [said]
    return json.dumps({"input_data": {"input_string": listed, "parameters": parameters}})


def _messages(text: str) -> list[dict[str, str]]:
    pieces = [piece.strip() for piece in _ROLES.split(text) if piece.strip()]
    messages = []
    for role, said in zip(pieces[::2], [*pieces[1::2], ""], strict=False):
        if role.lower() not in ("system", "user", "assistant") or not said:
            raise OpenModelLLMUserError("the prompt is no chat of 'system:', 'user:' and 'assistant:' parts")
        messages.append({"role": role.lower(), "content": said})
    return messages


def _asked(url: str, headers: Mapping[str, str], body: str) -> Any:
    try:
        status, text = web.ask("POST", url, headers, body=body)
        if status == 200:
            return json.loads(text)
    except (OSError, ValueError) as error:
        raise OpenModelLLMOnlineEndpointError(str(error)) from error
    raise OpenModelLLMOnlineEndpointError(
        f"Request failure while calling Online Endpoint Status:{status}\nError:{text}"
    )


def _answer(answer: Any, family: ModelFamily, api: str, serverless: bool) -> str:
    try:
        if serverless:
            choice = answer["choices"][0]
            return choice["message"]["content"] if api == API.CHAT else choice["text"]  # type: ignore[no-any-return]
        chat = isinstance(answer, dict) and (family is not ModelFamily.LLAMA or api == API.CHAT)
        return answer["output"] if chat else answer[0]["0"]  # type: ignore[no-any-return]
    except (KeyError, IndexError, TypeError):
        raise OpenModelLLMOnlineEndpointError(f"Unexpected response format. Response: {answer}") from None
