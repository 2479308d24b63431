"""Which deployments have rows below a URL: a store's, a cluster's or namespace's in it, or a deployment's."""

from collections.abc import Collection

from flow_runtime.contracts.settings import Identity
from flow_runtime.store import Store
from flow_runtime.store.keys import FEEDBACK, RECORDS, is_plain

_LEVELS = 3
"""`<cluster>/<namespace>/<deployment>`"""


async def find_deployments(store: Store) -> tuple[str, tuple[Identity, ...]]:
    """Find the store's own URL, and the deployments below the one given. StoreError.

    A deployment is a folder with partitions of records or feedback in it, at most three levels down.
    """
    level = [""]
    for _ in range(_LEVELS + 1):
        inside = {path: await store.folders(path) for path in level}
        found = [
            home
            for path in level
            if (home := _home(store.url, path)) and await _is_deployment(store, path, inside[path])
        ]
        if found:
            return found[0][0], tuple(identity for _, identity in found)
        level = [f"{path}/{name}".lstrip("/") for path in level for name in inside[path]]
    return store.url, ()


def _home(url: str, path: str) -> tuple[str, Identity] | None:
    """Read a place as `<store>/<cluster>/<namespace>/<deployment>`; None for what cannot be one.

    Other programs, too, put `records/date=…` into a bucket.
    """
    scheme, _, place = f"{url}/{path}".rstrip("/").partition("://")
    bucket, *names = place.split("/")
    home, (cluster, namespace, deployment) = names[:-_LEVELS], ["", "", "", *names][-_LEVELS:]
    if not all(map(is_plain, (cluster, namespace, deployment))):
        return None
    identity = Identity(cluster=cluster, namespace=namespace, deployment=deployment)
    return f"{scheme}://{'/'.join([bucket, *home])}", identity


async def _is_deployment(store: Store, path: str, inside: Collection[str]) -> bool:
    """Look for partitions, too: a deployment may itself be called `feedback`."""
    for kind in (RECORDS, FEEDBACK):
        if kind in inside:
            partitions = await store.folders(f"{path}/{kind}".lstrip("/"))
            if any(name.startswith("date=") for name in partitions):
                return True
    return False
