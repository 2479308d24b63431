"""How a container that ends tells the operator what came of it: a file that the kubelet reads afterwards."""

import contextlib
import os
from pathlib import Path

from flow_runtime.contracts.base import TERMINATION_LOG


def publish(data: bytes) -> None:
    """Leave the message, and print it as one line."""
    leave(data)
    print(data.decode(), flush=True)


def leave(data: bytes) -> None:
    """Write where the kubelet looks (or to `FLOW_TERMINATION_LOG`); never fails.

    A process that is killed meanwhile leaves the old message or the new one, maybe with blanks after it.
    """
    path = Path(os.environ.get("FLOW_TERMINATION_LOG") or TERMINATION_LOG)
    # Outside of a pod there is no such file, and none is to be made in /dev.
    if path == TERMINATION_LOG and not path.exists():
        return
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            os.pwrite(fd, data.ljust(os.fstat(fd).st_size), 0)
            os.ftruncate(fd, len(data))
        finally:
            os.close(fd)
