"""promptflow's types for hints of tools' parameters."""

from dataclasses import dataclass, field
from typing import Any, Self

from flow_runtime.llm.connection_services import Secret

__all__ = ["AssistantDefinition", "AttrDict", "BingConnection", "FilePath", "PromptTemplate", "Secret"]


class PromptTemplate(str):
    """The parameter of a custom_llm tool that takes the node's prompt."""

    __slots__ = ()


class FilePath(str):
    """A path inside the flow's folder."""

    __slots__ = ()


@dataclass
class AssistantDefinition:
    """An assistant: a model, what it is told, its tools."""

    model: str
    instructions: str
    tools: list[Any] = field(default_factory=list)

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> Self:
        """Read one."""
        return cls(data.get("model", ""), data.get("instructions", ""), data.get("tools", []))

    def serialize(self) -> dict[str, Any]:
        """Write it."""
        return {"model": self.model, "instructions": self.instructions, "tools": self.tools}


class AttrDict(dict[str, Any]):
    """A dict whose keys are attributes, too."""

    def __getattr__(self, key: str) -> Any:
        return self[key]

    def __setattr__(self, key: str, value: Any) -> None:
        self[key] = value


@dataclass
class BingConnection:
    """Bing's search, which promptflow knows as a plain class."""

    api_key: str = field(repr=False)
    url: str = "https://api.bing.microsoft.com/v7.0/search"
