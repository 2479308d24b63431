"""Which deployments have rows below a URL: a store's, a cluster's or namespace's in it, or a deployment's."""

from collections.abc import Collection

from flow_runtime.contracts.settings import Identity
from flow_runtime.store import Store
from flow_runtime.store.keys import FEEDBACK, RECORDS

_LEVELS = 3
"""`<cluster>/<namespace>/<deployment>`"""


async def find_deployments(store: Store) -> tuple[str, tuple[Identity, ...]]:
    """Find the store's own URL, and the deployments below the one given. StoreError.

    A deployment is a folder with partitions of records or feedback in it, at most three levels down.
    """
    level = [""]
    for _ in range(_LEVELS + 1):
        inside = {path: await store.folders(path) for path in level}
        if found := [path for path in level if await _is_deployment(store, path, inside[path])]:
            homes = [f"{store.url}/{path}".rstrip("/").rsplit("/", _LEVELS) for path in found]
            return homes[0][0], tuple(
                Identity(cluster=home[1], namespace=home[2], deployment=home[3]) for home in homes
            )
        level = [f"{path}/{name}".lstrip("/") for path in level for name in inside[path]]
    return store.url, ()


async def _is_deployment(store: Store, path: str, inside: Collection[str]) -> bool:
    """Look for partitions, too: a deployment may itself be called `feedback`."""
    for kind in (RECORDS, FEEDBACK):
        if kind in inside:
            partitions = await store.folders(f"{path}/{kind}".lstrip("/"))
            if any(name.startswith("date=") for name in partitions):
                return True
    return False
