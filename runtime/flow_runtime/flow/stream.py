"""An output that is produced while it is being read: chunks once, kept for the record.

Knows nothing of HTTP or of nodes; whoever makes one turns its failures into NodeErrors.
"""

from collections.abc import AsyncIterator
from typing import Any, Self


class Stream:
    """An async iterator of chunks (texts, or values for JSON) that can be read once.

    A chunk that was read is kept. Reading again yields nothing more; aclose ends what produces the chunks.
    """

    __slots__ = ("_source", "chunks")

    def __init__(self, source: AsyncIterator[Any]) -> None:
        self._source = source
        self.chunks: list[Any] = []

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        chunk = await anext(self._source)
        self.chunks.append(chunk)
        return chunk

    @property
    def joined(self) -> str:
        """What was read so far, as one text."""
        return "".join(map(str, self.chunks))

    async def join(self) -> str:
        """Read to the end and return all as one text. Raises whatever the source raises."""
        try:
            async for _ in self:
                pass
        finally:
            await self.aclose()
        return self.joined

    async def aclose(self) -> None:
        """End the source. Closing twice does nothing."""
        close = getattr(self._source, "aclose", None)
        if close is not None:
            await close()
