"""promptflow's multimedia values: images are the runtime's own; texts may carry annotations."""

from typing import Any, Self

from flow_runtime.flow.image import Image

__all__ = ["Image", "PFBytes", "Text"]

PFBytes = Image


class Text(str):
    """A text with annotations, as assistants give them."""

    _annotations: list[Any] | None

    def __new__(cls, value: str, annotations: list[Any] | None = None) -> Self:
        """Make one."""
        made = super().__new__(cls, value)
        made._annotations = annotations
        return made

    def serialize(self) -> dict[str, Any]:
        """Write it as the API does."""
        if self._annotations is None:
            return {"type": "text", "text": str(self)}
        return {"type": "text", "text": {"value": str(self), "annotations": self._annotations}}
