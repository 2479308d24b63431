"""The providers by the scheme of a store's URL. A new one is a new module and one line here."""

from collections.abc import Callable
from dataclasses import dataclass

from obstore.exceptions import BaseError

from flow_runtime.contracts.store import StoreSettings
from flow_runtime.store import azure, gcs, local, s3
from flow_runtime.store.address import Address
from flow_runtime.store.errors import StoreRefusedError
from flow_runtime.store.opened import Opened
from flow_runtime.store.secret import Keys, Secret, read_secret
from flow_runtime.store.text import line

Open = Callable[[Address, StoreSettings, Secret, float], Opened]


@dataclass(frozen=True)
class Provider:
    """How the stores of one scheme are opened, and with which keys of a Secret."""

    open: Open
    keys: Keys


PROVIDERS = {
    "s3": Provider(s3.open_s3, s3.KEYS),
    "az": Provider(azure.open_azure, azure.KEYS),
    "gs": Provider(gcs.open_gcs, gcs.KEYS),
    "file": Provider(local.open_local, local.KEYS),
}


def read_credentials(settings: StoreSettings) -> Secret:
    """Read the mounted Secret, if there is one. StoreRefusedError says what is wrong with it or the URL."""
    keys = PROVIDERS[Address.parse(settings.url).scheme].keys
    return read_secret(settings.secret, keys, settings.secret_name) if settings.secret and keys.known else {}


def open_objects(settings: StoreSettings, secret: Secret, seconds: float) -> Opened:
    """Prepare to talk to a store; sends nothing. StoreRefusedError says what is wrong."""
    address = Address.parse(settings.url)
    try:
        return PROVIDERS[address.scheme].open(address, settings, secret, seconds)
    except (BaseError, OSError, ValueError) as error:
        # obstore's text may hold what it could not parse.
        text = str(error)
        for value in secret.values():
            text = text.replace(value, "***")
        raise StoreRefusedError(f"the store {settings.url} cannot be used: {line(text)}") from error
