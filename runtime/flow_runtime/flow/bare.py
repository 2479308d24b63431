"""The output of a flow that gives a value and no names: a flex function's number, a prompty's text."""

from typing import Any

OUTPUT = "output"
"""promptflow's name for it, in records and streams."""


class Bare(dict[str, Any]):
    """Outputs `{"output": value}` of which the caller gets the value alone, as bare JSON."""

    @classmethod
    def of(cls, value: Any) -> "Bare":
        """Wrap a value."""
        return cls({OUTPUT: value})

    @property
    def value(self) -> Any:
        """What the caller gets."""
        return self[OUTPUT]
