"""Google Cloud Storage."""

import json

from obstore.store import GCSStore

from flow_runtime.contracts.store import StoreSettings
from flow_runtime.store.address import Address
from flow_runtime.store.errors import StoreSecretError
from flow_runtime.store.opened import Opened, client_options, retries
from flow_runtime.store.secret import Keys, Secret

FILE = "service_account.json"
KEYS = Keys(credentials=((FILE,),))
_REQUIRED = ("client_email", "private_key", "private_key_id")


def open_gcs(address: Address, settings: StoreSettings, secret: Secret, seconds: float) -> Opened:
    """Without a Secret the environment speaks (application default credentials), then the metadata server."""
    config: dict[str, str] = {}
    endpoint = ""
    hidden: tuple[str, ...] = ()
    if FILE in secret:
        account = _account(secret[FILE], settings.secret_name)
        endpoint = str(account.get("gcs_base_url", ""))
        config["service_account_key"] = secret[FILE]
        hidden = tuple(filter(None, str(account["private_key"]).split("\n")))
    store = GCSStore(
        address.bucket,
        prefix=address.prefix or None,
        config=config,  # type: ignore[arg-type]  # a TypedDict of the very same keys
        client_options=client_options(endpoint, secret, seconds),
        retry_config=retries(),
    )
    return Opened(store, FILE, hidden)


def _account(text: str, name: str) -> dict[str, object]:
    """Read a service account's key. What is wrong is said without a word of it."""
    called = f"the store's Secret {name}".rstrip() + f": key {FILE!r}"
    fix = "put the file there that `gcloud iam service-accounts keys create` writes"
    try:
        account = json.loads(text)
    except ValueError:
        account = None
    if not isinstance(account, dict):
        raise StoreSecretError(f"{called} is no JSON object: {fix}")
    if missing := [field for field in _REQUIRED if not isinstance(account.get(field), str)]:
        raise StoreSecretError(f"{called} has no field {missing[0]!r}: {fix}")
    return account
