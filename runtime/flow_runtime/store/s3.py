"""S3 and what speaks like it."""

import os
from urllib.parse import urlsplit

from obstore.store import S3Store

from flow_runtime.contracts.store import Addressing, EncryptionSettings, StoreSettings
from flow_runtime.store.address import Address
from flow_runtime.store.opened import Opened, client_options, retries
from flow_runtime.store.secret import Keys, Secret

KEYS = Keys(
    credentials=(("access_key_id", "secret_access_key"),),
    others=("session_token", "endpoint", "region"),
)
_HIDDEN = ("secret_access_key", "session_token", "access_key_id")


def open_s3(address: Address, settings: StoreSettings, secret: Secret, seconds: float) -> Opened:
    """Without a Secret the environment speaks (web identity, pod identity), then the machine."""
    wanted = settings.s3
    # obstore would take it from there, too, but not see that it is plain HTTP, or of a server of one's own.
    given = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
    endpoint = wanted.endpoint or secret.get("endpoint", given)
    region = wanted.region or secret.get("region", "")
    endpoint, virtual = _location(address.bucket, endpoint, wanted.addressing)
    config = {key: secret[key] for key in _HIDDEN if key in secret}
    config |= {"endpoint": endpoint} if endpoint else {}
    config |= {"region": region} if region else {}
    config |= {"virtual_hosted_style_request": "true"} if virtual else {}
    config |= _encryption(wanted.encryption)
    store = S3Store(
        address.bucket,
        prefix=address.prefix or None,
        config=config,  # type: ignore[arg-type]  # a TypedDict of the very same keys
        client_options=client_options(endpoint, secret, seconds),
        retry_config=retries(),
    )
    hidden = tuple(secret[key] for key in _HIDDEN if key in secret)
    return Opened(store, "access_key_id and secret_access_key", hidden)


def _location(bucket: str, endpoint: str, addressing: Addressing) -> tuple[str, bool]:
    """The endpoint as obstore wants it, and whether the bucket is part of the host."""
    automatic = not endpoint and "." not in bucket
    virtual = addressing is Addressing.VIRTUAL_HOSTED or (addressing is Addressing.AUTO and automatic)
    if not (virtual and endpoint):
        return endpoint, virtual
    parts = urlsplit(endpoint)
    return parts._replace(netloc=f"{bucket}.{parts.netloc}").geturl(), True


def _encryption(wanted: EncryptionSettings | None) -> dict[str, str]:
    if wanted is None:
        return {}
    config = {"server_side_encryption": wanted.algorithm}
    config |= {"sse_kms_key_id": wanted.kms_key_id} if wanted.kms_key_id else {}
    return config | ({"sse_bucket_key_enabled": "true"} if wanted.bucket_key else {})
