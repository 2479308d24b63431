"""Where a FlowDeployment's records and judgements are kept."""

from typing import Annotated

from pydantic import Field

from flow_operator.api.common import Model, SecretRef
from flow_operator.api.rules import matches


class Store(Model):
    """Where records and judgements are kept."""

    url: Annotated[
        str,
        Field(max_length=512),
        matches(
            "^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_=-][A-Za-z0-9._=-]*)*$",
            "url must be s3://bucket or s3://bucket/prefix: a valid bucket name, no credentials, no '..',"
            " no slash at the end",
        ),
    ]
    """Bucket and optional prefix, as s3://bucket/prefix. Any S3-compatible service will do; its address goes
    into the Secret. Records are written under <url>/<cluster>/<namespace>/<name>/records."""
    secret_ref: SecretRef | None = None
    """Secret with the keys access_key_id and secret_access_key and, where needed, endpoint, region and
    session_token. Without it the pods look for credentials as AWS tools do: in their environment, then from
    the machine they run on."""
