"""What can be wrong with a store, as classes: whether to try again, and one CamelCase word for programs."""


class StoreError(Exception):
    """Something about the store: `reason` is a CamelCase word, the text is one clean line without a secret.

    StoreError
    ├── StoreUnavailableError    try again
    │   └── StoreFullError
    ├── ObjectMissingError       there is no such object
    └── StoreRefusedError        will not get better by itself
        ├── StoreSecretError
        ├── StoreUnauthorizedError
        ├── StoreForbiddenError
        ├── StoreNotFoundError
        └── StoreUntrustedError
    """

    reason = "StoreError"


class StoreUnavailableError(StoreError):
    """The store did not answer, not in time, or that it cannot now (429, 5xx)."""

    reason = "StoreUnreachable"


class StoreFullError(StoreUnavailableError):
    """The store has no room left. It takes records again as soon as somebody makes some."""

    reason = "StoreFull"


class ObjectMissingError(StoreError):
    """No such object."""

    reason = "ObjectMissing"


class StoreRefusedError(StoreError):
    """Wrong settings, or a request that the store does not want."""

    reason = "StoreRefused"


class StoreSecretError(StoreRefusedError):
    """The Secret is missing, or one of its keys is missing or unusable."""

    reason = "StoreSecretInvalid"


class StoreUnauthorizedError(StoreRefusedError):
    """The credentials are wrong, expired, or there are none."""

    reason = "StoreUnauthorized"


class StoreForbiddenError(StoreRefusedError):
    """The credentials are right, and may not do this."""

    reason = "StoreForbidden"


class StoreNotFoundError(StoreRefusedError):
    """There is no such bucket or container."""

    reason = "StoreNotFound"


class StoreUntrustedError(StoreRefusedError):
    """The store's certificate is not one that is trusted."""

    reason = "StoreUntrusted"
