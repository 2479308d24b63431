"""How the pods of a FlowDeployment run: image, resources, environment, limits per request."""

from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from flow_operator.api.common import LocalRef, Model
from flow_operator.api.rules import BY_NAME, Rule, matches, rules
from flow_runtime.contracts.settings import Errors, ImageURLs

Quantity = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if isinstance(value, int) else value),
    WithJsonSchema(
        {
            "x-kubernetes-int-or-string": True,
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "maxLength": 32,
        }
    ),
    Rule(
        "isQuantity(string(self)) && quantity(string(self)).isGreaterThan(quantity('0'))",
        "must be a Kubernetes quantity greater than zero: write 500m, 1 or 512Mi",
    ),
]


class EnvVar(Model):
    """One environment variable of the serving container."""

    name: Annotated[
        str,
        Field(max_length=253),
        matches(
            "^[A-Za-z_][A-Za-z0-9_]*$",
            "name must be a name of an environment variable: letters, digits and '_', no digit first",
        ),
    ]
    """Name of the variable."""
    value: Annotated[str, Field(max_length=4096)] = ""
    """Value, taken literally. Not for credentials: everyone who may read this resource may read it; use
    spec.connections for those."""


class Requests(Model):
    """What the scheduler sets aside for the serving container of a pod."""

    cpu: Quantity = "100m"
    """CPU, such as 500m for half a core."""
    memory: Quantity = "256Mi"
    """Memory, such as 512Mi."""


class Limits(Model):
    """What the serving container of a pod may use at most."""

    cpu: Quantity | None = None
    """CPU, such as 2. No limit when left out: the flow may use what is idle."""
    memory: Quantity = "1Gi"
    """Memory, such as 1Gi. A container that needs more is killed and started again."""


class Resources(Model):
    """Requests and limits of the serving container."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            *(
                Rule(
                    f"!has(self.limits.{name}) || !isQuantity(string(self.requests.{name}))"
                    f" || !isQuantity(string(self.limits.{name})) || quantity(string(self.requests.{name}))"
                    f".compareTo(quantity(string(self.limits.{name}))) <= 0",
                    f"limits.{name} must not be lower than requests.{name}:"
                    " raise the limit or lower the request",
                    f".limits.{name}",
                )
                for name in ("cpu", "memory")
            )
        )
    )

    requests: Requests = Requests()
    """What the scheduler sets aside for the serving container of each pod."""
    limits: Limits = Limits()
    """What the serving container of each pod may use at most."""


class Runtime(Model):
    """How the pods run the flow."""

    image: Annotated[
        str,
        Field(max_length=512),
        matches(
            "^([A-Za-z0-9][A-Za-z0-9._:/@-]*)?$",
            "image must be an image reference such as registry/name:tag or registry/name@sha256:…,"
            " or empty for the runtime image of the installed release",
        ),
    ] = ""
    """Runtime image to use instead of the one that came with the installed release. While it is empty the
    image in use stays until this spec changes, even when the operator is upgraded; condition RuntimeOutdated
    says so then."""
    resources: Resources = Resources()
    """CPU and memory of the serving container of each pod."""
    env: Annotated[tuple[EnvVar, ...], Field(max_length=50), BY_NAME] = ()
    """Environment variables of the serving container, for flows that read any. At most 50, each name once."""
    image_pull_secrets: Annotated[tuple[LocalRef, ...], Field(max_length=10), BY_NAME] = ()
    """Secrets of type kubernetes.io/dockerconfigjson for pulling the images. At most 10, each name once."""
    request_timeout_seconds: Annotated[int, Field(ge=1, le=3600)] = 60
    """Seconds that one request may take, calls of LLMs and their retries included. It ends with status 504
    then."""
    max_concurrent_requests: Annotated[int, Field(ge=1, le=1000)] = 64
    """Requests that one pod works on at the same time. Beyond it a client gets status 429 with
    Retry-After."""
    max_request_mib: Annotated[int, Field(ge=1, le=100, alias="maxRequestMiB")] = 5
    """Size of a request's body in MiB. A larger one gets status 413. Requests are held in memory: allow for
    maxConcurrentRequests of them."""
    errors: Errors = Errors.HONEST
    """What a client gets when the flow fails. Honest: 502, 503 or 504 when it was the LLM's fault, 500 when
    it was the flow's. Strict: 400 for all of them, as promptflow answers."""
    image_urls: Annotated[ImageURLs, Field(alias="imageURLs")] = ImageURLs.PUBLIC
    """From where pods fetch the images that inputs name by URL. Public: not from private, link-local or
    metadata addresses. Any: from wherever the pod can reach, which lets callers make it read inner
    addresses."""
