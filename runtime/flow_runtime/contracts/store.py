"""Operator to collector, evaluator and whoever else keeps records: where the store is."""

from enum import StrEnum
from pathlib import Path

from flow_runtime.contracts.base import Contract


class Addressing(StrEnum):
    """Where the bucket's name goes in a request to an S3 service."""

    AUTO = "Auto"
    """Path for an endpoint of one's own and for names with a dot (no certificate has them), else host."""
    PATH = "Path"
    """https://endpoint/bucket/object"""
    VIRTUAL_HOSTED = "VirtualHosted"
    """https://bucket.endpoint/object"""


class EncryptionSettings(Contract):
    """What S3 is asked to encrypt each object with: the headers x-amz-server-side-encryption*."""

    algorithm: str
    """`AES256`, `aws:kms` or `aws:kms:dsse`."""
    kms_key_id: str = ""
    """The bucket's default key of KMS when empty."""
    bucket_key: bool = False


class S3Settings(Contract):
    """What an S3 store needs to know that is no secret. Region and endpoint win over those of the Secret."""

    region: str = ""
    endpoint: str = ""
    addressing: Addressing = Addressing.AUTO
    encryption: EncryptionSettings | None = None


class AzureSettings(Contract):
    """What an Azure store needs to know that is no secret. Both win over those of the Secret."""

    account: str = ""
    endpoint: str = ""


class StoreSettings(Contract):
    """A store's URL and the folder its Secret is mounted at.

    `s3://bucket/prefix`, `az://container/prefix`, `gs://bucket/prefix` or `file:///folder`. Files of the
    folder are the Secret's keys; which ones there are, and must be, each provider says (`KEYS`).
    Without a Secret the environment and the machine speak (workload identity).
    """

    url: str
    secret: Path | None = None
    secret_name: str = ""
    """What the Secret is called in the cluster: for messages only."""
    s3: S3Settings = S3Settings()
    azure: AzureSettings = AzureSettings()
    volume: Path | None = None
    """Where the path of a file:// URL begins: the folder a claim is mounted at, else the machine's root."""
