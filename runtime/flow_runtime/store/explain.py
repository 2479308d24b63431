"""From what obstore raises to a StoreError: its kind, and one line that a person on call can act on.

obstore has few kinds of exceptions and puts the service's own answer into the text; codes are S3's, Azure's
and GCS' own (GCS answers in S3's XML).
"""

import re

from obstore.exceptions import PermissionDeniedError, UnauthenticatedError

from flow_runtime.contracts.store import StoreSettings
from flow_runtime.store.errors import (
    ObjectMissingError,
    StoreError,
    StoreForbiddenError,
    StoreFullError,
    StoreNotFoundError,
    StoreRefusedError,
    StoreUnauthorizedError,
    StoreUnavailableError,
    StoreUntrustedError,
)
from flow_runtime.store.opened import Opened
from flow_runtime.store.text import line

_CODE = re.compile(r"<Code>\s*([^<]{1,80}?)\s*</Code>(?:\s*<Message>([^<]{0,300})</Message>)?")
_QUERY = re.compile(r"(https?://[^\s?\"]+)\?[^\s\")]*")
_PASSING = re.compile(r" in \d[\d.]*(ns|µs|ms|s)\b|, after \d+ retries, max_retries: \d+, retry_timeout: \w+")
"""What is another each time: a message that changes makes a status be written anew."""
_STATUS = re.compile(r"status code: (\d{3})|HTTP status \w+ \w+ \((\d{3})|: (\d{3}) [A-Z]")
_PLACES = r"NoSuchBucket|ContainerNotFound|specified (bucket|container) does not exist|NoSuchHost"
_BY_TEXT: tuple[tuple[str, type[StoreError]], ...] = (
    (_PLACES, StoreNotFoundError),
    (
        r"InvalidCertificate",
        StoreUntrustedError,
    ),
    (r"os error (28|122)\)|QuotaExceeded|StorageFull|InsufficientStorage", StoreFullError),
    (r"os error (1|13|30)\)", StoreForbiddenError),
    (r"os error (20|21|36|40)\)", StoreRefusedError),
    (
        r"InvalidAccessKeyId|SignatureDoesNotMatch|AuthenticationFailed|ExpiredToken|InvalidToken|TokenRefresh"
        r"|InvalidAuthenticationInfo|invalid_grant|invalid_client|unauthorized_client|InvalidIdentityToken"
        r"|AccessKeyDisabled|InvalidClientTokenId|failed to authenticate|Error performing token request"
        r"|No RSA key found",
        StoreUnauthorizedError,
    ),
    (
        r"AuthorizationHeaderMalformed|IncorrectEndpoint|PermanentRedirect|redirect without LOCATION",
        StoreRefusedError,
    ),
)
_CAUSES = (
    (r"UnknownIssuer|CaUsedAsEndEntity", "its certificate is of an authority that is not trusted"),
    (r"NotValidForName", "its certificate is for another name"),
    (r"InvalidCertificate\(\s*Expired", "its certificate has expired"),
    (r"InvalidCertificate", "its certificate is not valid"),
    (r"ConnectionRefused", "connection refused"),
    (r"dns error|failed to lookup address", "its name is not known"),
    (r"kind: Timeout|TimedOut", "no answer in time"),
    (r"kind: Connect", "no connection"),
)
"""What obstore keeps to the details of an error, in words."""
_ADVICE: dict[type[StoreError], str] = {
    StoreNotFoundError: "create it, or correct the store's URL",
    StoreUntrustedError: "put the certificate of its authority into the key 'ca.crt' of the store's Secret",
    StoreFullError: "make room in the store",
}


def explain(verb: str, key: str, settings: StoreSettings, opened: Opened, error: Exception) -> StoreError:
    """Say what went wrong when `verb` was tried on an object."""
    raw = str(error)
    for secret in opened.hidden:
        raw = raw.replace(secret, "***")
    kind = _kind(verb, error, raw)
    advice = _advice(kind, settings, opened, raw)
    where = settings.url.rstrip("/")
    return kind(f"cannot {verb} {key or 'what is'} at {where}: {_summary(raw)}{advice}")


def _kind(verb: str, error: Exception, text: str) -> type[StoreError]:
    found = next((kind for pattern, kind in _BY_TEXT if re.search(pattern, text)), None)
    if found is not None:
        return found
    if isinstance(error, FileNotFoundError):
        # To put or list below what is not there means that the bucket itself is missing.
        return ObjectMissingError if verb == "get" else StoreNotFoundError
    if isinstance(error, UnauthenticatedError):
        return StoreUnauthorizedError
    if isinstance(error, PermissionDeniedError | PermissionError) or "(code: AccessDenied)" in text:
        return StoreForbiddenError
    if isinstance(error, ValueError):
        return StoreRefusedError
    status = _STATUS.search(text)
    code = int(next(filter(None, status.groups()))) if status else 0
    return StoreRefusedError if 400 <= code < 500 and code not in (408, 429) else StoreUnavailableError


def _advice(kind: type[StoreError], settings: StoreSettings, opened: Opened, text: str) -> str:
    if kind in (StoreUnauthorizedError, StoreForbiddenError):
        if opened.folder is not None:
            return "; give user and group 10001 the right to write there"
        if kind is StoreForbiddenError:
            return "; the credentials are known, and must be allowed to get, put and list there"
        if settings.secret is None:
            return "; check the workload identity of the pods (the store names no Secret)"
        return f"; check {opened.advice} of the store's Secret {settings.secret_name}".rstrip()
    if kind is StoreRefusedError and re.search(
        "region|redirect|AuthorizationHeaderMalformed", text, re.IGNORECASE
    ):
        return "; check the store's region and endpoint"
    return f"; {_ADVICE[kind]}" if kind in _ADVICE else ""


def _summary(text: str) -> str:
    """Keep what a person can use: the service's own code and message, else the text without queries."""
    found = _CODE.search(text)
    if found:
        return f"{found[1]}: {line(found[2].partition('RequestId:')[0])}" if found[2] else found[1]
    said, _, details = text.partition("\n\nDebug source")
    cause = next((f" ({words})" for pattern, words in _CAUSES if re.search(pattern, details)), "")
    return line(_PASSING.sub("", _QUERY.sub(r"\1", said))) + cause
