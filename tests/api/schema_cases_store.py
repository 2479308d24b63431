"""The store of a FlowDeployment's collection: what the API server must accept, and what it must refuse."""

from typing import Any

from tests.api.schema_case import Invalid, Valid
from tests.api.schema_cases_fd import bad, ok

STORE = "spec.collection.store"
S3 = {"url": "s3://records"}
AZURE = {"url": "az://records", "azure": {"account": "records1"}}
VOLUME = {"url": "file:///records", "persistentVolumeClaim": {"claimName": "records"}}
ROLE = {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/records"}}
SECRET = {"secretRef": {"name": "store"}}


def good(says: str, **store: Any) -> Valid:
    return ok(says, spec__collection={"store": store})


def wrong(says: str, words: str, guard: str, field: str = "", **store: Any) -> Invalid:
    """A store that is refused by the rule at `guard` (below the store), for a field below the store."""
    path, _, keyword = guard.partition("#")
    below = f"{STORE}.{path}" if path else STORE
    named = f"{STORE}.{field}" if field else below
    return bad(says, STORE, store, words, f"{below}#{keyword}", field=named)


VALID: tuple[Valid, ...] = (
    good("a bucket without a prefix and without a Secret", url="s3://my.bucket-1"),
    good("a deep prefix", url="s3://records/a_b/c=d/e.f"),
    good("a bucket of Google's", url="gs://records_1/a", **SECRET),
    good("a container of Azure's with a Secret", url="az://records/a", **SECRET),
    good("a container of Azure's without a Secret", **AZURE),
    good("a folder of a volume", **VOLUME),
    good("a role of EKS", **S3, workloadIdentity=ROLE),
    good(
        "an identity of Azure's",
        **AZURE,
        workloadIdentity={
            "annotations": {"azure.workload.identity/client-id": "0f5f3c3e"},
            "labels": {"azure.workload.identity/use": "true"},
        },
    ),
    good(
        "all that S3 can be told",
        **S3,
        **SECRET,
        s3={
            "region": "eu-central-1",
            "endpoint": "https://s3.example.com:9000/path",
            "addressing": "VirtualHosted",
            "encryption": {"algorithm": "aws:kms", "kmsKeyID": "arn:aws:kms:a:1:key/2", "bucketKey": True},
        },
    ),
    good("S3's own keys", **S3, s3={"encryption": {"algorithm": "AES256"}}),
)

INVALID: tuple[Invalid, ...] = (
    *(
        wrong(f"a store {why}", "url must be s3://bucket/prefix", "url#rule", url=url)
        for why, url in (
            ("on a web server", "https://example.com/records"),
            ("with credentials", "s3://key:secret@records"),
            ("that climbs", "s3://records/../others"),
            ("with a slash at the end", "s3://records/"),
            ("of nobody's", "ftp://records"),
        )
    ),
    wrong(
        "a container with a dot",
        "url must be s3://bucket/prefix",
        "url#rule",
        **(AZURE | {"url": "az://my.records"}),
    ),
    wrong(
        "a volume without a folder",
        "url must be s3://bucket/prefix",
        "url#rule",
        **(VOLUME | {"url": "file:///"}),
    ),
    wrong(
        "a file store without a claim",
        "persistentVolumeClaim must be set for",
        "#rule",
        url="file:///records",
    ),
    wrong(
        "a claim for a bucket",
        "persistentVolumeClaim must not be set",
        "#rule",
        "persistentVolumeClaim",
        **(VOLUME | S3),
    ),
    wrong(
        "a volume with a Secret",
        "secretRef and workloadIdentity must not be set for",
        "#rule",
        **VOLUME,
        **SECRET,
    ),
    wrong(
        "a Secret and an identity",
        "secretRef and workloadIdentity must not both",
        "#rule",
        **S3,
        **SECRET,
        workloadIdentity=ROLE,
    ),
    wrong("S3's options for Azure", "s3 must not be set", "#rule", **AZURE, s3={"region": "a"}),
    wrong(
        "Azure's options for S3",
        "azure must not be set",
        "#rule",
        **S3,
        azure={"account": "records1"},
    ),
    wrong("a container of nobody's account", "azure.account must be set", "#rule", url="az://records"),
    wrong(
        "an account that is none",
        "account must be the name of a storage account",
        "azure.account#rule",
        **(AZURE | {"azure": {"account": "Records_1"}}),
    ),
    *(
        wrong(
            f"an endpoint {why}",
            "endpoint must be https://host",
            "s3.endpoint#rule",
            **S3,
            s3={"endpoint": url},
        )
        for why, url in (
            ("without a scheme", "s3.example.com"),
            ("with credentials", "https://key:secret@s3.example.com"),
            ("with a query", "https://s3.example.com?a=b"),
            ("with a slash at the end", "https://s3.example.com/"),
        )
    ),
    wrong(
        "a region with a space",
        "region must be the name of a region",
        "s3.region#rule",
        **S3,
        s3={"region": "eu central"},
    ),
    wrong(
        "an addressing that nobody knows",
        'supported values: "Auto", "Path", "VirtualHosted"',
        "s3.addressing#enum",
        **S3,
        s3={"addressing": "Dns"},
    ),
    wrong(
        "a cipher that nobody knows",
        'supported values: "AES256", "aws:kms", "aws:kms:dsse"',
        "s3.encryption.algorithm#enum",
        **S3,
        s3={"encryption": {"algorithm": "rot13"}},
    ),
    wrong(
        "a key of KMS for S3's own keys",
        "kmsKeyID must not be set",
        "s3.encryption#rule",
        "s3.encryption.kmsKeyID",
        **S3,
        s3={"encryption": {"algorithm": "AES256", "kmsKeyID": "alias/records"}},
    ),
    wrong(
        "a bucket key for S3's own keys",
        "bucketKey must not be set",
        "s3.encryption#rule",
        "s3.encryption.bucketKey",
        **S3,
        s3={"encryption": {"algorithm": "AES256", "bucketKey": True}},
    ),
    wrong(
        "a key of KMS with a space",
        "kmsKeyID must be the ARN, the id or the alias",
        "s3.encryption.kmsKeyID#rule",
        **S3,
        s3={"encryption": {"algorithm": "aws:kms", "kmsKeyID": "my key"}},
    ),
    *(
        wrong(
            f"{kind} {why}",
            f"keys of {kind} must be those of a cloud",
            f"workloadIdentity.{kind}#rule",
            **S3,
            workloadIdentity={kind: {key: "x"}},
        )
        for kind in ("annotations", "labels")
        for why, key in (
            ("of Kubernetes", "kubernetes.io/enforce-mountable-secrets"),
            ("of a part of Kubernetes", "app.kubernetes.io/name"),
            ("of this operator", "flowoperator.dev/revision"),
            ("without a domain", "team"),
        )
    ),
    wrong(
        "a label with a space",
        "the value of a label must have at most 63",
        "workloadIdentity.labels{}#rule",
        "workloadIdentity.labels",
        **S3,
        workloadIdentity={"labels": {"example.com/a": "b c"}},
    ),
    *(
        wrong(
            f"nine {kind}",
            "must have at most 8 items",
            f"workloadIdentity.{kind}#maxProperties",
            **S3,
            workloadIdentity={kind: {f"example.com/a{n}": "b" for n in range(9)}},
        )
        for kind in ("annotations", "labels")
    ),
)
