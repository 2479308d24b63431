"""The pod template that an older release built stays: an upgrade of the operator rolls no pod (rule 5)."""

from collections.abc import Sequence
from dataclasses import replace

from flow_operator.manifests.names import REVISION, TEMPLATE, Manifest, annotation_of, digest, label_of
from flow_operator.manifests.pod import pod_template
from flow_operator.manifests.serving import KeptTemplate, Serving

HASH = "pod-template-hash"


def keep_template(serving: Serving, live: Manifest | None, replica_sets: Sequence[Manifest]) -> Serving:
    """Return `serving` with the template to keep, if the live Deployment has the revision built otherwise.

    It is taken from the oldest ReplicaSet of that build, since the Deployment's own may have drifted.
    """
    if live is None or serving.revision is None or label_of(live, REVISION) != serving.revision:
        return serving
    built = annotation_of(live, TEMPLATE)
    if built in ("", digest(pod_template(serving, serving.revision))):
        return serving
    same = [
        each
        for each in replica_sets
        if label_of(each, REVISION) == serving.revision and annotation_of(each, TEMPLATE) == built
    ]
    oldest = min(same, key=lambda each: each["metadata"]["creationTimestamp"], default=live)
    return replace(serving, kept=KeptTemplate(_without_hash(oldest["spec"]["template"]), built))


def _without_hash(template: Manifest) -> Manifest:
    meta = {key: value for key, value in template["metadata"].items() if value is not None}
    meta["labels"] = {key: value for key, value in meta["labels"].items() if key != HASH}
    return template | {"metadata": meta}
