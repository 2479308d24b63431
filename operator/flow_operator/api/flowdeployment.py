"""FlowDeployment: a flow served on replicated pods, with its traffic collected. Shapes and rules only."""

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from flow_operator.api.collection import Collection
from flow_operator.api.common import NAME_RULES, Metadata, Model, SecretRef
from flow_operator.api.flowdeployment_status import FlowDeploymentStatus
from flow_operator.api.rules import BY_NAME, Rule, matches, rules
from flow_operator.api.runtime import Runtime
from flow_operator.api.source import FlowSource
from flow_runtime.contracts.settings import ConnectionType


class Connection(Model):
    """Credentials under the name by which the flow's nodes ask for them."""

    name: Annotated[
        str,
        Field(max_length=63),
        matches(
            "^[A-Za-z][A-Za-z0-9_.-]*$",
            "name must start with a letter and go on with letters, digits, '_', '-' or '.':"
            " use the connection's name as the flow writes it",
        ),
    ]
    """Name of the connection as the flow's nodes write it, such as open_ai_connection."""
    type: ConnectionType
    """Type of the connection, by promptflow's name. LLMs: OpenAI (also any OpenAI-compatible server),
    AzureOpenAI, Serverless. Services that Python nodes call: AzureAIServices, CognitiveSearch,
    AzureContentSafety, FormRecognizer, Serp, Qdrant, Weaviate. Custom: whatever keys the flow asks for."""
    secret_ref: SecretRef
    """Secret whose keys are the connection's fields. OpenAI: api_key, and where needed base_url and
    organization. AzureOpenAI: api_key, api_base, and where needed api_version; with auth_mode meid_token it
    needs token instead of api_key. Serverless: api_key, api_base. AzureAIServices: api_key, endpoint.
    CognitiveSearch: api_key, api_base, and where needed api_version. AzureContentSafety, FormRecognizer:
    api_key, endpoint, and where needed api_version. Serp: api_key. Qdrant, Weaviate: api_key, api_base.
    Custom: every key is a secret of the connection, except that configs.<key> is its config <key>."""


class FlowDeploymentSpec(Model):
    """What shall be served, on how many pods, with which credentials, and what is kept of the traffic."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "!has(self.flow.image) || self.runtime.image == ''",
                "runtime.image must be empty when flow.image is set, because the flow's image is the runtime:"
                " remove one of the two",
                ".runtime.image",
            )
        )
    )

    flow: FlowSource
    """The flow to serve: a folder with a flow.dag.yaml, a flow.flex.yaml or a *.prompty, and the files it
    names. Exactly one source."""
    replicas: Annotated[int, Field(ge=0, le=100)] = 3
    """Number of pods that serve the flow. Also set by kubectl scale."""
    connections: Annotated[tuple[Connection, ...], Field(max_length=20), BY_NAME] = ()
    """Credentials of the LLMs and other services that the flow's nodes call, by the name that the nodes use.
    At most 20, each name once. They are mounted as files into the serving container only. A changed Secret
    reaches the running pods within two minutes; a broken one leaves them with what they had, and condition
    Ready says so."""
    runtime: Runtime = Runtime()
    """How the pods run the flow: image, resources, environment and limits per request."""
    collection: Collection | None = None
    """Keeps a record of every request in an object store: inputs, outputs, tokens, latency, errors. A
    FlowMonitor judges these records. Nothing is collected while this is left out. Records stay when this
    resource is deleted."""
    suspend: bool = False
    """Set true to run no pods. The Service, the settings and all records stay, also those older than
    collection.retentionDays."""


class FlowDeployment(Model):
    """Serves a flow on replicated pods behind a Service and collects what goes in and out."""

    model_config = ConfigDict(json_schema_extra=rules(*NAME_RULES))

    KIND: ClassVar = "FlowDeployment"
    PLURAL: ClassVar = "flowdeployments"

    metadata: Metadata
    """Standard metadata of an object. The name may have at most 40 characters."""
    spec: FlowDeploymentSpec
    """What you want. The operator never changes it."""
    status: FlowDeploymentStatus = FlowDeploymentStatus()
    """What the operator observes. Written by the operator alone."""
