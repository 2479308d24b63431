"""Does the cluster have image volumes? Where it has none, the API server drops the field without a word.

The volume would be an empty folder then, so it is asked before anything is applied: by a dry run of the
Deployment itself, unless the live one shows already that it is so.
"""

from flow_operator.diff import contains
from flow_operator.errors import Refused
from flow_operator.kube import Kube
from flow_operator.manifests.deployment import deployment
from flow_operator.manifests.names import Manifest
from flow_operator.manifests.serving import Serving
from flow_operator.resources import DEPLOYMENT
from flow_operator.status.conditions import Breach

UNSUPPORTED = Breach(
    "SourceUnsupported",
    "this cluster has no image volumes, which flow.oci needs (on since Kubernetes 1.35):"
    " use flow.image, flow.git or flow.objectStore",
)


async def image_volumes_missing(kube: Kube, serving: Serving, live: Manifest | None) -> Breach | None:
    """The breach when the Deployment needs image volumes and the API server knows none."""
    wanted = deployment(serving)
    if wanted is None or serving.spec.flow.oci is None or (live is not None and contains(live, wanted)):
        return None
    try:
        would_be = await kube.apply(DEPLOYMENT, wanted, dry_run=True)
    except Refused as error:
        # Before 1.31 the field is in no schema. Whatever else is refused is told when it is applied.
        return UNSUPPORTED if "field not declared in schema" in str(error) else None
    volumes = would_be["spec"]["template"]["spec"]["volumes"]
    return None if any("image" in volume for volume in volumes) else UNSUPPORTED
