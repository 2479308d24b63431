"""Whether this machine's clock can be trusted with other people's data.

A node whose clock is years ahead would find everything too old. Two things speak against such a clock: the
store's own, by which it dates an object that is put at the begin of each run, and the date of the run before.
"""

from datetime import datetime, timedelta

from flow_runtime.store import Store

SKEW = timedelta(minutes=15)
"""As much as S3 itself allows a signature."""
GAP = timedelta(days=7)
"""Runs are daily. A file store may have no clock but this machine's own; there a leap shows as a gap."""


async def distrust(store: Store, prefix: str, now: datetime) -> str:
    """Say why `now` is not to be trusted; empty when it is. StoreError when the store cannot tell."""
    before = await _mark(store, prefix)
    await store.put(f"{prefix}/retention/clock", b"")
    told = await _mark(store, prefix)
    if told is None:
        return "the store does not list the object that was put to learn its time"
    if abs(told - now) > SKEW:
        return f"this machine's clock says {now:%Y-%m-%d %H:%M}, the store's {told:%Y-%m-%d %H:%M} UTC"
    if before is not None and told - before > GAP:
        return (
            f"by the clocks the last run was {(told - before).days} days ago, on {before:%Y-%m-%d}:"
            f" if that is right, there is nothing to do, and the next run deletes again"
        )
    return ""


async def _mark(store: Store, prefix: str) -> datetime | None:
    """When the run before, or this one, put its object."""
    return max((await store.written(f"{prefix}/retention")).values(), default=None)
