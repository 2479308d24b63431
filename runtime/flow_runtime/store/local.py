"""A folder: of this machine, or of a volume that is mounted."""

import os
from pathlib import Path

from obstore.store import LocalStore

from flow_runtime.contracts.store import StoreSettings
from flow_runtime.store.address import Address
from flow_runtime.store.opened import Opened
from flow_runtime.store.secret import Keys, Secret

KEYS = Keys(credentials=())


def open_local(address: Address, settings: StoreSettings, secret: Secret, seconds: float) -> Opened:
    """A file system has no credentials: the process's user and group count."""
    del secret, seconds
    folder = (settings.volume or Path("/")) / address.prefix
    return Opened(LocalStore(folder, mkdir=True, automatic_cleanup=True), "", folder=folder)


def persist(folder: Path, key: str) -> None:
    """Bring an object that was renamed into its place to the disk itself, and its name with it.

    Without it a machine that crashes can leave an empty file, whose segment was removed from the spool.
    """
    path = folder / key
    for each in (path, path.parent):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
