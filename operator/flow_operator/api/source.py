"""Where a flow's files come from: the sources of a FlowDeployment. Shapes and rules only."""

from typing import Annotated

from pydantic import ConfigDict, Field

from flow_operator.api.common import LocalRef, Model
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


class FlowSource(Model):
    """Where the flow's files come from: exactly one source."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "[has(self.configMap), has(self.image)].filter(given, given).size() == 1",
                "flow must have exactly one source: set either flow.configMap or flow.image, and not both",
            )
        )
    )

    config_map: LocalRef | None = None
    """ConfigMap whose keys are the flow's files (flow.dag.yaml and what it names), or that has the one binary
    key flow.tar.gz. It is copied when it changes, so an edit starts a new revision and never touches a
    running one."""
    image: ImageSource | None = None
    """Image that holds the flow beside the runtime. Suits flows with own Python packages, or over 1 MiB."""
    variant: Variant = ""
    """Variant to serve instead of a node's default one, as node.variant_id (promptflow's ${node.variant_id}
    is the same). All other nodes keep their default."""
