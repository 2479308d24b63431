"""Operator to the pod's fetcher: the fetch.json of a revision whose flow is in git or in an object store."""

from pathlib import Path

from flow_runtime.contracts.base import Contract
from flow_runtime.contracts.settings import StoreSettings


class GitSettings(Contract):
    """One commit (40 hexadecimal digits) of a repository, and the folder of the flow in it.

    Files of the folder `secret`: username, password, token, ca.crt (all optional).
    """

    url: str
    commit: str
    path: str = ""
    secret: Path | None = None
    secret_name: str = ""
    """What the Secret is called in the cluster: for messages only."""


class ArchiveSettings(Contract):
    """One object of a store, a .tar.gz, and the SHA-256 that its bytes must have."""

    store: StoreSettings
    """The bucket; its Secret has the keys of every store."""
    key: str
    sha256: str


class FetchSettings(Contract):
    """What a fetcher needs to know: exactly one of the two sources."""

    revision: str
    folder: Path = Path("/flow")
    """A writable folder, empty at start; the flow is put there as flow.tar.gz."""
    git: GitSettings | None = None
    archive: ArchiveSettings | None = None
