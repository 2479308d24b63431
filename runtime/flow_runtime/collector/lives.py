"""The lives of a pod's spool: each has a name of its own in the store, since each begins with segment 1.

A spool in memory is empty after a restart of its node, while the pod stays, with its uid and with the folders
that it has on the disk. Without another name, objects from before would be replaced.
"""

import contextlib
import re
from pathlib import Path

MARK = "life"


def name_in_store(pod: str, spool: Path, disk: Path) -> str:
    """Name a pod by its uid in the first life of its spool, and `<uid>.<n>` in the n-th.

    `disk`: a folder that is the pod's as long as the pod lives. Where no mark can be left it is the uid.
    """
    mark, last = spool / MARK, disk / f"{pod}.{MARK}"
    life = _read(mark)
    if not life:
        life = _read(last) + 1
        with contextlib.suppress(OSError):
            # On the disk first: who dies in between skips a number, and uses none twice.
            last.write_text(str(life))
            mark.write_text(str(life))
    return pod if life == 1 else f"{pod}.{life}"


def _read(path: Path) -> int:
    """The number in a file; 0 where there is none."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError):
        return 0
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,8}", text) else 0
