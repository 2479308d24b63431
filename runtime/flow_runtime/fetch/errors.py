# ruff: noqa: N818 - each class is a reason that users see by its name
"""How a source can fail. Temporary or permanent is decided by the class, where it is raised.

    SourceError
    ├── SourceUnavailable        no connection, a busy server, one that breaks off: tried again soon
    └── PermanentSourceError     somebody must change something: tried again, but seldom
        ├── SourceNotFound       no such repository, commit, folder, bucket or object
        ├── SourceUnauthorized   credentials that are missing or not accepted
        ├── SourceUntrusted      the server's certificate is of no authority that is known
        ├── SourceDigestMismatch what was fetched is not what the spec names
        └── SourceInvalid        too much, or something that a flow cannot have

Messages never hold a credential.
"""

import base64
from collections.abc import Iterable

MESSAGE_LIMIT = 300


class SourceError(Exception):
    """Base of all; the message names the place and the fix."""

    @property
    def reason(self) -> str:
        """The word that users see in the condition."""
        return type(self).__name__


class SourceUnavailable(SourceError):
    """Trying again soon may succeed."""


class PermanentSourceError(SourceError):
    """Fails until somebody changes something."""


class SourceNotFound(PermanentSourceError):
    """What the spec names is not there."""


class SourceUnauthorized(PermanentSourceError):
    """The credentials are missing or not accepted."""


class SourceUntrusted(PermanentSourceError):
    """The server's certificate is not accepted."""


class SourceDigestMismatch(PermanentSourceError):
    """The bytes are not those that the spec names."""


class SourceInvalid(PermanentSourceError):
    """What was fetched cannot be a flow."""


def clean(text: str, secrets: Iterable[str] = ()) -> str:
    """Make a foreign text fit for a message: one short line, and no secret as it is or as Basic sends it."""
    for secret in (each for each in secrets if len(each) > 3):  # less is in every other word
        for form in (secret, base64.b64encode(secret.encode()).decode()):
            text = text.replace(form, "***")
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"
