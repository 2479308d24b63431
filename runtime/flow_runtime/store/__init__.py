"""Where records and evaluations live: a URL, an object for each segment and each file of a run.

`keys` names the objects (pure), `client` moves them; each provider is a module, listed in `providers`. What
is in the objects is not known here.
"""

from flow_runtime.store.client import Store
from flow_runtime.store.errors import (
    ObjectMissingError,
    StoreError,
    StoreNotFoundError,
    StoreRefusedError,
    StoreUnavailableError,
)

__all__ = [
    "ObjectMissingError",
    "Store",
    "StoreError",
    "StoreNotFoundError",
    "StoreRefusedError",
    "StoreUnavailableError",
]
