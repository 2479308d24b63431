"""What the builders of a FlowDeployment's children are given."""

from dataclasses import dataclass

from flow_operator.api.collection import Collection
from flow_operator.api.common import SecretRef
from flow_operator.api.flowdeployment import FlowDeployment, FlowDeploymentSpec
from flow_operator.api.store import Store
from flow_operator.manifests.names import SERVER, Manifest, child_meta
from flow_operator.manifests.revision import FlowFiles


@dataclass(frozen=True)
class Release:
    """What the installed release contributes to every pod."""

    image: str
    pull_policy: str
    cluster: str


@dataclass(frozen=True)
class KeptTemplate:
    """A pod template that an older release built for the same revision: it stays (rule 5)."""

    template: Manifest
    digest: str


@dataclass(frozen=True)
class Serving:
    """A FlowDeployment with its flow. Without a revision (the flow is not there) no pods can be described."""

    cr: FlowDeployment
    release: Release
    revision: str | None = None
    files: FlowFiles | None = None
    kept: KeptTemplate | None = None

    @property
    def spec(self) -> FlowDeploymentSpec:
        """The user's spec."""
        return self.cr.spec

    @property
    def name(self) -> str:
        """The resource's name, which is also the name of Deployment, Service and PodDisruptionBudget."""
        return self.cr.metadata.name

    @property
    def collection(self) -> Collection | None:
        """The collection where it is switched on."""
        wanted = self.spec.collection
        return wanted if wanted is not None and wanted.enabled and wanted.store is not None else None

    @property
    def store(self) -> Store | None:
        """The store, where records are collected."""
        return self.collection.store if self.collection else None

    @property
    def hash_key(self) -> SecretRef | None:
        """The Secret with the key of the records' hashes, where there are any."""
        redact = self.collection.redact if self.collection else None
        return redact.hash_key_secret_ref if redact else None

    @property
    def image(self) -> str:
        """The image of a pod that is built now."""
        source = self.spec.flow.image
        return source.reference if source else self.spec.runtime.image or self.release.image

    @property
    def replicas(self) -> int:
        """Pods that are wanted."""
        return 0 if self.spec.suspend else self.spec.replicas

    def meta(self, name: str, extra_labels: dict[str, str] | None = None) -> Manifest:
        """The metadata of a child."""
        return child_meta(self.cr.KIND, self.cr.metadata, SERVER, name, extra_labels)
