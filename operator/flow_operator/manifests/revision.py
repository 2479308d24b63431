"""The revision of a FlowDeployment: the digest of all that shapes its pods, never of a Secret's content."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

from flow_operator.api.flowdeployment import FlowDeploymentSpec
from flow_operator.manifests.names import Manifest, digest

NOT_OF_THE_PODS = ("retentionDays", "retentionDryRun")
"""Fields of the collection that change no pod: what is stored already is looked after by another."""


@dataclass(frozen=True)
class FlowFiles:
    """A flow's files as a ConfigMap has them; `binary` is base64 text."""

    data: dict[str, str] = field(default_factory=dict)
    binary: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, config_map: Manifest) -> "FlowFiles":
        """Take the files out of a ConfigMap."""
        return cls(dict(config_map.get("data") or {}), dict(config_map.get("binaryData") or {}))

    def digests(self) -> dict[str, str]:
        """SHA-256 of every file's bytes by its name, no matter in which of the two maps it is."""
        content = {name: text.encode() for name, text in self.data.items()}
        content |= {name: base64.b64decode(text) for name, text in self.binary.items()}
        return {name: hashlib.sha256(value).hexdigest() for name, value in content.items()}


def revision_of(spec: FlowDeploymentSpec, files: FlowFiles | None) -> str:
    """The revision of a spec with these files (None for a flow whose source names its digest).

    Fields at their default do not count, so that a release that adds a field leaves every revision as it is.
    """
    given: dict[str, Any] = spec.model_dump(mode="json", exclude_defaults=True)
    runtime_part: dict[str, Any] = {key: given[key] for key in ("connections", "runtime") if key in given}
    if spec.collection is not None and spec.collection.enabled:
        kept = {key: value for key, value in given["collection"].items() if key not in NOT_OF_THE_PODS}
        runtime_part["collection"] = kept
    if spec.flow.variant:
        runtime_part["variant"] = spec.flow.variant
    if spec.flow.image is not None:
        runtime_part["image"] = spec.flow.image.model_dump(mode="json")
    runtime_part |= {key: given["flow"][key] for key in ("oci", "git", "objectStore") if key in given["flow"]}
    return digest(runtime_part | {"files": files.digests() if files else {}})
