"""The part of a store's spec that only S3 has."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from flow_operator.api.common import Model
from flow_operator.api.rules import Rule, matches, rules
from flow_runtime.contracts.store import Addressing

ENDPOINT = r"^(|https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*)$"

Endpoint = Annotated[
    str,
    Field(max_length=512),
    matches(
        ENDPOINT,
        "endpoint must be https://host or http://host, with a port and a path where there is one, and without"
        " credentials, query or a slash at the end",
    ),
]


class Encryption(Model):
    """How S3 is asked to encrypt what is written."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "!has(self.kmsKeyID) || self.kmsKeyID == '' || self.algorithm.startsWith('aws:kms')",
                "kmsKeyID must not be set but for aws:kms and aws:kms:dsse: choose one of them, or remove it",
                ".kmsKeyID",
            ),
            Rule(
                "!has(self.bucketKey) || !self.bucketKey || self.algorithm == 'aws:kms'",
                "bucketKey must not be set but for aws:kms: choose that algorithm, or remove bucketKey",
                ".bucketKey",
            ),
        )
    )

    algorithm: Literal["AES256", "aws:kms", "aws:kms:dsse"]
    """AES256: keys of S3 (SSE-S3). aws:kms: a key of KMS (SSE-KMS). aws:kms:dsse: two layers of it."""
    kms_key_id: Annotated[
        str,
        Field(max_length=512, alias="kmsKeyID"),
        matches(
            "^[A-Za-z0-9:/_-]*$",
            "kmsKeyID must be the ARN, the id or the alias of a key, such as alias/records",
        ),
    ] = ""
    """Key of KMS, by ARN, id or alias. The bucket's default key when empty."""
    bucket_key: bool = False
    """Use one data key for the bucket: fewer, and so cheaper, calls of KMS."""


class S3Store(Model):
    """What an S3 store needs to know that is no secret."""

    region: Annotated[
        str,
        Field(max_length=64),
        matches("^[A-Za-z0-9-]*$", "region must be the name of a region: letters, digits and '-'"),
    ] = ""
    """Region of the bucket, such as eu-central-1. It wins over the Secret's; without either it is us-east-1,
    or what the cloud tells the pod."""
    endpoint: Endpoint = ""
    """Address of an S3-compatible service, such as https://s3.example.com. It wins over the Secret's; without
    either it is Amazon's of the region."""
    addressing: Addressing = Addressing.AUTO
    """Where the bucket's name goes in a request. Path: https://endpoint/bucket. VirtualHosted:
    https://bucket.endpoint. Auto: Path where an endpoint is given or the name has a dot."""
    encryption: Encryption | None = None
    """Server-side encryption to ask for with each object. The bucket's own setting when left out."""
