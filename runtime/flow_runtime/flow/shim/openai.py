"""promptflow.tools.openai."""

from typing import Any

from flow_runtime.flow.shim.decorators import tool
from flow_runtime.flow.shim.llm_tools import OpenAI
from flow_runtime.flow.shim.types import PromptTemplate
from flow_runtime.llm.connection_types import OpenAIConnection

__all__ = ["OpenAI", "chat", "completion"]


@tool
def chat(connection: OpenAIConnection, prompt: PromptTemplate, model: str = "", **kwargs: Any) -> Any:
    """Chat."""
    return OpenAI(connection).chat(prompt, model, **kwargs)


@tool
def completion(connection: OpenAIConnection, prompt: PromptTemplate, model: str = "", **kwargs: Any) -> Any:
    """Complete a prompt."""
    return OpenAI(connection).completion(prompt, model, **kwargs)
