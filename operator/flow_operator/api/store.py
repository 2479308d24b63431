"""Where a FlowDeployment's records and judgements are kept."""

from typing import Annotated

from pydantic import ConfigDict, Field

from flow_operator.api.common import Model, ObjectName, SecretRef
from flow_operator.api.rules import Rule, matches, rules
from flow_operator.api.store_azure import AzureStore
from flow_operator.api.store_s3 import S3Store

_KEY = "^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
_RESERVED = "(kubernetes[.]io|k8s[.]io|flowoperator[.]dev)/"
_LABEL_VALUE = "^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$"


def _keys(field: str) -> Rule:
    return Rule(
        f"self.all(key, key.matches(r'{_KEY}') && !key.matches('{_RESERVED}'))",
        f"keys of {field} must be those of a cloud, with its domain, such as eks.amazonaws.com/role-arn;"
        " those of Kubernetes and of this operator are not yours to set",
    )


class WorkloadIdentity(Model):
    """What a cloud asks for before it gives pods an identity of its own. The operator puts it onto the
    ServiceAccount and the pods of the FlowDeployment and of each FlowMonitor that reads its records."""

    annotations: Annotated[
        dict[str, Annotated[str, Field(max_length=1024)]], Field(max_length=8), _keys("annotations")
    ] = {}  # noqa: RUF012 - pydantic copies it
    """Annotations of the ServiceAccounts. EKS: eks.amazonaws.com/role-arn. Azure:
    azure.workload.identity/client-id. GKE: iam.gke.io/gcp-service-account."""
    labels: Annotated[
        dict[
            str,
            Annotated[
                str,
                Field(max_length=63),
                matches(
                    _LABEL_VALUE,
                    "the value of a label must have at most 63 letters, digits, '-', '_' and '.',"
                    " with a letter or digit at both ends",
                ),
            ],
        ],
        Field(max_length=8),
        _keys("labels"),
    ] = {}  # noqa: RUF012 - pydantic copies it
    """Labels of the pods. Azure: azure.workload.identity/use with the value "true"."""


class Claim(Model):
    """Names a PersistentVolumeClaim in the same namespace."""

    claim_name: ObjectName
    """Name of the claim. All pods of the FlowDeployment and of its FlowMonitors write to it, so it must be
    ReadWriteMany where they run on more than one node; user and group 10001 must be able to write there."""


_FILE = "self.url.startsWith('file://')"


class Store(Model):
    """Where records and judgements are kept."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                f"!{_FILE} || has(self.persistentVolumeClaim)",
                "persistentVolumeClaim must be set for a file:// store: give its claimName, or another url",
                ".persistentVolumeClaim",
            ),
            Rule(
                f"{_FILE} || !has(self.persistentVolumeClaim)",
                "persistentVolumeClaim must not be set but for a file:// store: remove it, or write url as file:///folder",
                ".persistentVolumeClaim",
            ),
            Rule(
                f"!{_FILE} || !(has(self.secretRef) || has(self.workloadIdentity))",
                "secretRef and workloadIdentity must not be set for a file:// store: remove them",
                ".url",
            ),
            Rule(
                "!has(self.secretRef) || !has(self.workloadIdentity)",
                "secretRef and workloadIdentity must not both be set: keep one of them",
                ".workloadIdentity",
            ),
            Rule(
                "!has(self.s3) || self.url.startsWith('s3://')",
                "s3 must not be set but for an s3:// store: remove it",
                ".s3",
            ),
            Rule(
                "!has(self.azure) || self.url.startsWith('az://')",
                "azure must not be set but for an az:// store: remove it",
                ".azure",
            ),
            Rule(
                "!self.url.startsWith('az://') || has(self.secretRef)"
                " || (has(self.azure) && has(self.azure.account) && self.azure.account != '')",
                "azure.account must be set for an az:// store without a Secret: name the storage account",
                ".azure",
            ),
        )
    )

    url: Annotated[
        str,
        Field(max_length=512),
        matches(
            "^(((s3|gs)://[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]|az://[a-z0-9][-a-z0-9]{1,61}[a-z0-9])"
            "(/[A-Za-z0-9_=-][A-Za-z0-9._=-]*)*|file://(/[A-Za-z0-9_=-][A-Za-z0-9._=-]*)+)$",
            "url must be s3://bucket/prefix, az://container/prefix, gs://bucket/prefix or file:///folder:"
            " a valid bucket name, no credentials, no '..', no slash at the end",
        ),
    ]
    """Bucket and optional prefix: s3://bucket/prefix for S3 and what speaks like it, az://container/prefix
    for Azure Blob Storage, gs://bucket/prefix for Google Cloud Storage; or file:///folder, a folder of a
    PersistentVolumeClaim. Records are written under <url>/<cluster>/<namespace>/<name>/records."""
    secret_ref: SecretRef | None = None
    """Secret with the credentials. s3: access_key_id and secret_access_key and, where needed, session_token,
    endpoint and region. az: account_name and one of account_key, sas_token, or client_id with tenant_id and
    client_secret; endpoint where needed. gs: service_account.json. Any: ca.crt, where a private authority
    signed the service's certificate. Without a Secret the pods use their cloud identity."""
    workload_identity: WorkloadIdentity | None = None
    """The pods' own identity in a cloud, instead of a Secret."""
    persistent_volume_claim: Claim | None = None
    """Volume of a file:// store. Only the collector and the evaluator see it, never the server."""
    s3: S3Store | None = None
    """What an s3:// store needs to know that is no secret."""
    azure: AzureStore | None = None
    """What an az:// store needs to know that is no secret."""
