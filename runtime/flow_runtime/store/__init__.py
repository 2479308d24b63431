"""Where records and evaluations live: a URL, an object for each segment and each file of a run.

`keys` names the objects (pure), `client` moves them. What is in them is not known here.
"""

from flow_runtime.store.client import (
    ObjectMissingError,
    Store,
    StoreError,
    StoreRefusedError,
    StoreUnavailableError,
)

__all__ = ["ObjectMissingError", "Store", "StoreError", "StoreRefusedError", "StoreUnavailableError"]
