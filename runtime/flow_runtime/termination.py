"""How a container that ends tells the operator what came of it."""

import contextlib
import os
from pathlib import Path

from flow_runtime.contracts.base import TERMINATION_LOG


def publish(data: bytes) -> None:
    """Write where the kubelet looks (or to `FLOW_TERMINATION_LOG`), and to standard output as one line."""
    path = Path(os.environ.get("FLOW_TERMINATION_LOG") or TERMINATION_LOG)
    # Outside of a pod there is no such file, and none is to be made in /dev.
    if path != TERMINATION_LOG or path.exists():
        with contextlib.suppress(OSError):
            path.write_bytes(data)
    print(data.decode(), flush=True)
