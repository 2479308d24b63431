"""Azure Blob Storage."""

from urllib.parse import unquote

from obstore.store import AzureStore

from flow_runtime.contracts.store import StoreSettings
from flow_runtime.store.address import Address
from flow_runtime.store.errors import StoreRefusedError
from flow_runtime.store.opened import Opened, client_options, retries
from flow_runtime.store.secret import Keys, Secret

KEYS = Keys(
    credentials=(("account_key",), ("sas_token",), ("client_id", "tenant_id", "client_secret")),
    others=("account_name", "endpoint"),
)
_KINDS = {"account_key": "access_key", "sas_token": "sas_token", "client_id": "client_secret"}
"""The key that begins a way to show who asks, and obstore's name of that way."""


def open_azure(address: Address, settings: StoreSettings, secret: Secret, seconds: float) -> Opened:
    """Without a Secret the environment speaks (workload identity), then the machine."""
    wanted = settings.azure
    endpoint = wanted.endpoint or secret.get("endpoint", "")
    config: dict[str, str] = {}
    # Without a Secret AZURE_STORAGE_ACCOUNT_NAME may say it: for a command on somebody's own machine.
    if account := wanted.account or secret.get("account_name", ""):
        config["account_name"] = account
    elif secret:
        raise StoreRefusedError(
            f"the store {settings.url} names no storage account: set collection.store.azure.account,"
            " or add the key 'account_name' to the store's Secret"
        )
    kind = next((kind for key, kind in _KINDS.items() if key in secret), "")
    config |= {"endpoint": endpoint} if endpoint else {}
    config |= {"credential_type": kind} if kind else {}
    config |= {key: secret[key] for way in KEYS.credentials for key in way if key in secret}
    if "sas_token" in config:
        config["sas_key"] = config.pop("sas_token").removeprefix("?")
    store = AzureStore(
        address.bucket,
        prefix=address.prefix or None,
        config=config,  # type: ignore[arg-type]  # a TypedDict of the very same keys
        client_options=client_options(endpoint, secret, seconds),
        retry_config=retries(),
    )
    used = next((way for way in KEYS.credentials if way[0] in secret), ())
    return Opened(store, " and ".join(used), _hidden(secret))


def _hidden(secret: Secret) -> tuple[str, ...]:
    """The credentials, and of a signed query each part: a message may have it split up or decoded."""
    given = [secret[key] for key in ("account_key", "client_secret") if key in secret]
    parts = secret.get("sas_token", "").split("&")
    values = [part.partition("=")[2] for part in parts if part.partition("=")[0].lstrip("?") == "sig"]
    return tuple(filter(None, (*given, *values, *map(unquote, values))))
