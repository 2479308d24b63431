"""What both resources share: the group, named types with their rules, references and conditions.

A type says three things at once: what Python parses, what the CRD's schema allows, and in which words the API
server refuses the rest. Nothing here knows a particular resource.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from flow_operator.api.rules import BY_TYPE, Rule, matches
from flow_runtime.contracts.settings import ConnectionType

GROUP = "flowoperator.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

NAME_LIMIT = 40
"""Characters of a resource's name: child names add to it and must stay within the 52 of a CronJob."""


class Model(BaseModel):
    """Frozen, camelCase outside and snake_case inside, docstrings of attributes as descriptions.

    Unknown fields are ignored: an object may have been written for a newer release.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="ignore",
        frozen=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,
        validate_by_alias=True,
        validate_by_name=True,
    )


OBJECT_NAME = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"

ObjectName = Annotated[
    str,
    Field(max_length=253),
    matches(
        OBJECT_NAME,
        "name must be the name of an object in the same namespace: lower case letters, digits, '-' and '.'",
    ),
]
Text = Annotated[str, Field(max_length=1024)]
"""A bounded line of status."""
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""A number of things; up to what JSON readers keep exactly."""
Percent = Annotated[int, Field(ge=0, le=100)]

NAME_RULES = (
    Rule(
        f"self.metadata.name.size() <= {NAME_LIMIT}",
        f"metadata.name must have at most {NAME_LIMIT} characters, because child objects are named after it:"
        " choose a shorter name",
    ),
    Rule(
        "self.metadata.name.matches(r'^[a-z]([-a-z0-9]*[a-z0-9])?$')",
        "metadata.name must start with a lower case letter and go on with lower case letters, digits or '-',"
        " because a Service is named after it: choose another name",
    ),
)


class Metadata(Model):
    """The part of an object's metadata that the operator needs."""

    name: str
    namespace: str
    uid: str = ""
    generation: int = 0
    deletion_timestamp: datetime | None = None


class LocalRef(Model):
    """Names an object in the same namespace."""

    name: ObjectName
    """Name of the object. It is looked up in the namespace of this resource and nowhere else."""


class SecretRef(Model):
    """Names a Secret in the same namespace."""

    name: ObjectName
    """Name of the Secret. It is looked up in the namespace of this resource and nowhere else. The operator
    never reads it: the kubelet mounts it into the pods that need it, and a change reaches them within about a
    minute."""


class Credentials(Model):
    """How to reach a judge: the kind of provider, and the Secret that holds the credentials."""

    type: Literal[ConnectionType.OPENAI, ConnectionType.AZURE_OPENAI]
    """Kind of provider: OpenAI (also any OpenAI-compatible server) or AzureOpenAI."""
    secret_ref: SecretRef
    """Secret with the credentials. For OpenAI its keys are api_key and, where needed, base_url and
    organization; for AzureOpenAI they are api_key, api_base and api_version."""


class Condition(Model):
    """One aspect of the resource's state, as it was when last observed."""

    type: Annotated[str, Field(max_length=316)]
    """Which aspect: a CamelCase word such as Ready."""
    status: Literal["True", "False", "Unknown"]
    """True, False, or Unknown while there is no evidence either way."""
    reason: Annotated[str, Field(min_length=1, max_length=1024)]
    """Why, as one CamelCase word for programs."""
    message: Annotated[str, Field(max_length=32768)] = ""
    """Why, as a sentence for people, with what to do where something is wrong."""
    last_transition_time: datetime
    """When the status last changed from one value to another."""
    observed_generation: Count = 0
    """The metadata.generation that this condition speaks of; an older one means the change was not looked at
    yet."""


Conditions = Annotated[tuple[Condition, ...], Field(max_length=16), BY_TYPE]
