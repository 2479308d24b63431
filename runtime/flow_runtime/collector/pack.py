"""Turns a sealed segment into the object that is stored. Pure: equal bytes and policy in, equal bytes out."""

import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from isal import isal_zlib

from flow_runtime.collector.lines import lines
from flow_runtime.collector.redact.line import redact
from flow_runtime.collector.redact.policy import Policy

_LEVEL = 3
"""As small as zlib's level 3, in a third of its time."""
_GZIP = 16 + isal_zlib.MAX_WBITS


@dataclass(frozen=True)
class Packed:
    """A gzip of whole JSON lines, how many they are, and how many were left out: torn, no JSON, too large."""

    data: bytes
    rows: int
    lost: int
    redacted: Mapping[str, int] = field(default_factory=dict)
    """What was taken out of the lines, by kind."""


def pack(source: BinaryIO, policy: Policy) -> Packed:
    """Redact and compress a segment's lines one by one; one that is not understood is lost.

    Raises OSError when the source cannot be read.
    """
    rows = lost = 0
    counts: Counter[str] = Counter()
    packed = io.BytesIO()
    # Its header holds no time: the same segment must give the same object after a crash.
    deflate = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP)
    for line in lines(source):
        done = redact(line, policy) if line is not None else None
        if done is None or done.line is None:
            lost += 1
            continue
        packed.write(deflate.compress(done.line + b"\n"))
        rows += 1
        counts.update(done.counts)
    packed.write(deflate.flush())
    return Packed(packed.getvalue(), rows, lost, counts)
