"""Python's collector of cycles, kept out of the way: of the start, and of what stays for good anyway."""

import gc

YOUNG = 2_000
"""Objects more than before at which it looks at the young ones; by default 700, a dozen requests.

With 10,000 the process had 4 MB more after a load.
"""


def hold() -> None:
    """Leave it off while modules and the flow are loaded: it took a tenth of the start and found nothing."""
    gc.disable()


def leave() -> None:
    """Let it look at what requests make, and never again at what was there before: 8 % of a request's CPU."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
    gc.enable()
