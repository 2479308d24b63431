"""A flow in an object store: streamed to disk, and kept only if its SHA-256 is the pinned one."""

import os
from pathlib import Path

from flow_runtime.contracts.fetch import ArchiveSettings
from flow_runtime.fetch.errors import (
    SourceDigestMismatch,
    SourceError,
    SourceNotFound,
    SourceUnauthorized,
    SourceUnavailable,
)
from flow_runtime.fetch.sink import Say, Sink
from flow_runtime.flow.source import ARCHIVE, MAX_BYTES
from flow_runtime.store import ObjectMissingError, Store, StoreError, StoreNotFoundError, StoreRefusedError


def fetch_archive(settings: ArchiveSettings, folder: Path, say: Say) -> None:
    """Put the object into the folder as flow.tar.gz. Blocks; raises SourceError."""
    what = f"{settings.store.url.rstrip('/')}/{settings.key}"
    arriving = folder / f"{ARCHIVE}.arriving"
    try:
        with arriving.open("wb") as file:
            sink = Sink(file, MAX_BYTES, say)
            Store.open(settings.store).copy(settings.key, sink.write)
    except ObjectMissingError:
        raise SourceNotFound(f"there is no object {what}") from None
    except StoreNotFoundError as error:
        raise SourceNotFound(str(error)) from None
    except StoreRefusedError as error:
        raise SourceUnauthorized(str(error)) from None
    except StoreError as error:
        raise SourceUnavailable(str(error)) from None
    except SourceError as error:
        raise type(error)(f"{what}: {error}") from None
    if sink.sha256 != settings.sha256:
        arriving.unlink()
        raise SourceDigestMismatch(
            f"{what} has the SHA-256 {sink.sha256}, and the spec names {settings.sha256}:"
            " give the digest of the archive that is there, or upload the one that is meant"
        )
    os.replace(arriving, folder / ARCHIVE)  # noqa: PTH105 - in one step
