"""Where a flow's files come from: the sources of a FlowDeployment. Shapes and rules only."""

from typing import Annotated

from pydantic import ConfigDict, Field

from flow_operator.api.common import LocalRef, Model, SecretRef
from flow_operator.api.rules import Rule, matches, rules

ImageReference = Annotated[
    str,
    Field(max_length=512),
    matches(
        "^[a-z0-9][A-Za-z0-9._:/-]*@sha256:[0-9a-f]{64}$",
        "reference must be pinned by digest, so that what runs cannot change under its name:"
        " write registry/name@sha256:… with 64 hexadecimal digits",
    ),
]
_CHOICE = "[^.${}\\x00-\\x1f]+[.][^${}\\x00-\\x1f]+"
Variant = Annotated[
    str,
    Field(max_length=256),
    matches(
        f"^({_CHOICE}|[$][{{]{_CHOICE}[}}])?$",
        "variant must be empty or name a node and one of its variants: write node.variant_id",
    ),
]


class ImageSource(Model):
    """A flow that is baked into a runtime image."""

    reference: ImageReference
    """Image, pinned by digest: registry/name@sha256:…. It is built on the runtime image and also serves the
    flow."""
    path: Annotated[
        str,
        Field(max_length=256),
        matches(
            "^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$",
            "path must be an absolute folder without '..' and without a slash at the end: write /flow",
        ),
    ] = "/flow"
    """Folder of the flow inside the image."""


class OCISource(Model):
    """A flow in an OCI artifact or image that holds its files and nothing else."""

    reference: ImageReference
    """Artifact, pinned by digest: registry/name@sha256:…. The kubelet mounts it as an image volume; a cluster
    that has none says so in condition ReferencesResolved (reason SourceUnsupported)."""


class GitSource(Model):
    """A flow in a git repository, at one commit. Submodules and Git LFS are not fetched."""

    url: Annotated[
        str,
        Field(max_length=512),
        matches(
            r"^https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~%+-]+)+/?$",
            "url must be https://host/repository or http://host/repository, without user, password or query:"
            " put credentials into a Secret and name it in secretRef",
        ),
    ]
    """Address of the repository as `git clone` takes it, over https (or http)."""
    commit: Annotated[
        str,
        Field(max_length=40),
        matches(
            "^[0-9a-f]{40}$",
            "commit must be the whole id of a commit, since a branch or tag can move:"
            " write its 40 lower case hexadecimal digits",
        ),
    ]
    """Commit to serve, as `git rev-parse HEAD` prints it. It alone is fetched, without history."""
    path: Annotated[
        str,
        Field(max_length=256),
        matches(
            "^(\\.?[A-Za-z0-9_-][A-Za-z0-9._-]*(/\\.?[A-Za-z0-9_-][A-Za-z0-9._-]*)*)?$",
            "path must be a folder in the repository without '..' and without a slash at either end:"
            " write flows/support-bot, or leave it out for the whole repository",
        ),
    ] = ""
    """Folder of the flow in the repository. The whole repository when left out."""
    secret_ref: SecretRef | None = None
    """Secret with the keys username and password, or token; and ca.crt where a private authority signed the
    server's certificate."""


class ObjectStoreSource(Model):
    """A flow in an object store, as one .tar.gz."""

    url: Annotated[
        str,
        Field(max_length=512),
        matches(
            r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_=+-][A-Za-z0-9._=+-]*)+\.(tar\.gz|tgz)$",
            "url must be s3://bucket/name.tar.gz: a valid bucket name, no credentials, no '..',"
            " and an archive that ends in .tar.gz or .tgz",
        ),
    ]
    """Archive, as s3://bucket/path/name.tar.gz. Any S3-compatible service will do; its address goes into the
    Secret."""
    sha256: Annotated[
        str,
        Field(max_length=64),
        matches(
            "^[0-9a-f]{64}$",
            "sha256 must be the SHA-256 of the archive: write the 64 digits that sha256sum prints",
        ),
    ]
    """Digest of the archive. Nothing of it is unpacked unless it is this one."""
    secret_ref: SecretRef | None = None
    """Secret with the keys of a store: access_key_id and secret_access_key and, where needed, endpoint,
    region and session_token."""


_SOURCES = ("configMap", "image", "oci", "git", "objectStore")


class FlowSource(Model):
    """Where the flow's files come from: exactly one source."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                f"[{', '.join(f'has(self.{name})' for name in _SOURCES)}].filter(given, given).size() == 1",
                "flow must have exactly one source: set one of"
                f" {', '.join(f'flow.{name}' for name in _SOURCES)}, and no other",
            )
        )
    )

    config_map: LocalRef | None = None
    """ConfigMap whose keys are the flow's files (such as flow.dag.yaml and what it names), or that has the
    one binary key flow.tar.gz. It is copied when it changes, so an edit starts a new revision and never
    touches a running one."""
    image: ImageSource | None = None
    """Image that holds the flow beside the runtime. Suits flows with own Python packages, or over 1 MiB."""
    oci: OCISource | None = None
    """OCI artifact or image with just the flow's files, mounted into the runtime's pods."""
    git: GitSource | None = None
    """Commit of a git repository, fetched by each pod before it serves."""
    object_store: ObjectStoreSource | None = None
    """Archive in an object store, fetched by each pod before it serves."""
    variant: Variant = ""
    """Variant to serve instead of a node's default one, as node.variant_id (promptflow's ${node.variant_id}
    is the same). All other nodes keep their default."""

    @property
    def fetch_secret(self) -> SecretRef | None:
        """The Secret that a pod fetches the flow with."""
        source = self.git or self.object_store
        return source.secret_ref if source else None

    @property
    def fetched(self) -> bool:
        """Whether a pod has to fetch the flow before it can serve."""
        return self.git is not None or self.object_store is not None
