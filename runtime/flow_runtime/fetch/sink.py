"""The file that a transfer goes into: it counts, hashes, says how far it is, and ends what takes too long."""

import hashlib
import time
from collections.abc import Callable
from typing import IO

from flow_runtime.fetch.errors import SourceInvalid, SourceUnavailable

MEBIBYTE = 1024 * 1024
DEADLINE_SECONDS = 600.0
PROGRESS_SECONDS = 5.0
Say = Callable[[str], None]


class Sink:
    """Writes what arrives. SourceInvalid beyond `limit` bytes, SourceUnavailable beyond ten minutes."""

    def __init__(self, file: IO[bytes], limit: int, say: Say) -> None:
        self._file = file
        self._limit = limit
        self._say = say
        self._size = 0
        self._sha256 = hashlib.sha256()
        self._begun = self._told = time.monotonic()

    @property
    def sha256(self) -> str:
        """The digest of all that was written, in hexadecimal digits."""
        return self._sha256.hexdigest()

    def write(self, data: bytes) -> int:
        """Take the next bytes."""
        self._size += len(data)
        if self._size > self._limit:
            raise SourceInvalid(f"it is larger than {self._limit // MEBIBYTE} MiB")
        now = time.monotonic()
        if now - self._begun > DEADLINE_SECONDS:
            raise SourceUnavailable(f"it takes longer than {DEADLINE_SECONDS:.0f} s")
        if now - self._told > PROGRESS_SECONDS:
            self._told = now
            self._say(f"{self._size // MEBIBYTE} MiB received")
        self._sha256.update(data)
        return self._file.write(data)
