"""The stub of a transport."""

import asyncio
from typing import Any


class Line(asyncio.Transport):
    """Keeps what was written and done; `unsent` is what the other side has not taken yet."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.closing, self.paused, self.unsent = b"", False, False, 0

    def write(self, data: Any) -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    abort = close

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False
