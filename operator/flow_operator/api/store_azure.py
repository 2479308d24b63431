"""The part of a store's spec that only Azure Blob Storage has."""

from typing import Annotated

from pydantic import Field

from flow_operator.api.common import Model
from flow_operator.api.rules import matches
from flow_operator.api.store_s3 import Endpoint


class AzureStore(Model):
    """What an Azure store needs to know that is no secret."""

    account: Annotated[
        str,
        Field(max_length=24),
        matches(
            "^(|[a-z0-9]{3,24})$",
            "account must be the name of a storage account: 3 to 24 lower case letters and digits",
        ),
    ] = ""
    """Storage account. It wins over the Secret's account_name; needed where there is no Secret."""
    endpoint: Endpoint = ""
    """Address of the blob service, where it is not https://<account>.blob.core.windows.net. It wins over the
    Secret's."""
