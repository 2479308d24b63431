"""promptflow.tools.aoai."""

from typing import Any

from flow_runtime.flow.shim.decorators import tool
from flow_runtime.flow.shim.llm_tools import AzureOpenAI
from flow_runtime.flow.shim.types import PromptTemplate
from flow_runtime.llm.connection_types import AzureOpenAIConnection

__all__ = ["AzureOpenAI", "chat", "completion"]


@tool
def chat(
    connection: AzureOpenAIConnection, prompt: PromptTemplate, deployment_name: str, **kwargs: Any
) -> Any:
    """Chat."""
    return AzureOpenAI(connection).chat(prompt, deployment_name, **kwargs)


@tool
def completion(
    connection: AzureOpenAIConnection, prompt: PromptTemplate, deployment_name: str, **kwargs: Any
) -> Any:
    """Complete a prompt."""
    return AzureOpenAI(connection).completion(prompt, deployment_name, **kwargs)
