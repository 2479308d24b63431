"""FlowDeployments that the API server must accept, and ones that it must refuse."""

from typing import Any

from flow_runtime.contracts.settings import ConnectionType
from tests.api.schema_case import REMOVED, Invalid, Valid

DIGEST = "sha256:" + "0123456789abcdef" * 4


def ok(says: str, **change: Any) -> Valid:
    return Valid(says, "FlowDeployment", {key.replace("__", "."): value for key, value in change.items()})


def bad(says: str, path: str, value: Any, words: str, *guards: str, field: str = "") -> Invalid:
    return Invalid(says, "FlowDeployment", {path: value}, field or path, words, guards)


VALID = (
    ok("the base itself"),
    ok("nothing but a flow", spec={"flow": {"configMap": {"name": "flow"}}}),
    ok("a name of 40 characters", metadata__name="a" * 40),
    ok(
        "a flow in an image",
        spec__flow={
            "image": {"reference": f"registry.example.com:5000/team/flow@{DIGEST}", "path": "/app/my.flow"}
        },
    ),
    ok("no pods", spec__replicas=0),
    ok("a hundred pods", spec__replicas=100),
    ok(
        "twenty connections",
        spec__connections=[
            {"name": f"c{n}", "type": "AzureOpenAI", "secretRef": {"name": "azure"}} for n in range(20)
        ],
    ),
    ok("a runtime image of one's own", spec__runtime__image="localhost:5000/runtime:1.2"),
    ok(
        "whole cores and bytes as numbers",
        spec__runtime__resources={"requests": {"cpu": 1, "memory": 536870912}},
    ),
    ok("a limit that equals the request", spec__runtime__resources__limits={"cpu": "0.5", "memory": "256Mi"}),
    ok("an empty variable", spec__runtime__env=[{"name": "EMPTY"}]),
    ok("a pull secret", spec__runtime__imagePullSecrets=[{"name": "registry.example.com"}]),
    ok("a request of an hour", spec__runtime__requestTimeoutSeconds=3600),
    ok("suspended", spec__suspend=True),
    ok("a variant", spec__flow__variant="chat.variant_1"),
    ok("a variant as promptflow writes it", spec__flow__variant="${chat with docs.variant 1}"),
    ok("promptflow's status codes", spec__runtime__errors="Strict"),
    ok("requests of 100 MiB", spec__runtime__maxRequestMiB=100),
    ok("images from anywhere", spec__runtime__imageURLs="Any"),
    ok(
        "a connection of every type",
        spec__connections=[
            {"name": kind.lower(), "type": kind, "secretRef": {"name": kind.lower()}}
            for kind in ConnectionType
        ],
    ),
)

INVALID = (
    bad("a name of 41 characters", "metadata.name", "a" * 41, "metadata.name must have at most 40", "#rule"),
    bad("a name that starts with a digit", "metadata.name", "1bot", "metadata.name must start with", "#rule"),
    bad("a name with a dot", "metadata.name", "support.bot", "metadata.name must start with", "#rule"),
    bad("no flow", "spec.flow", REMOVED, "Required value", "spec#required", "spec#x-kubernetes-validations"),
    bad("a flow without a source", "spec.flow", {}, "flow must have exactly one source", "spec.flow#rule"),
    bad(
        "a flow with two sources",
        "spec.flow",
        {"configMap": {"name": "flow"}, "image": {"reference": f"flow@{DIGEST}"}},
        "flow must have exactly one source",
        "spec.flow#rule",
    ),
    bad(
        "a ConfigMap of another namespace",
        "spec.flow.configMap.name",
        "other/flow",
        "name must be the name of an object in the same namespace",
        "spec.flow.configMap.name#rule",
    ),
    bad(
        "an image by its tag",
        "spec.flow",
        {"image": {"reference": "flow:v1"}},
        "reference must be pinned by digest",
        "spec.flow.image.reference#rule",
        field="spec.flow.image.reference",
    ),
    *(
        bad(
            f"a folder {why}",
            "spec.flow",
            {"image": {"reference": f"flow@{DIGEST}", "path": path}},
            "path must be an absolute folder",
            "spec.flow.image.path#rule",
            field="spec.flow.image.path",
        )
        for why, path in (("that is relative", "flow"), ("that climbs", "/flow/../etc"))
    ),
    *(
        bad(
            f"a variant {why}",
            "spec.flow.variant",
            value,
            "variant must be empty or name a node and one of its variants: write node.variant_id",
            "spec.flow.variant#rule",
        )
        for why, value in (
            ("without a node", "variant_1"),
            ("of nothing", ".variant_1"),
            ("whose braces are open", "${chat.variant_1"),
            ("of two lines", "chat.variant_1\n"),
        )
    ),
    bad(
        "a variant with a very long name",
        "spec.flow.variant",
        f"chat.{'v' * 252}",
        "may not be more than 256",
        "spec.flow.variant#maxLength",
    ),
    bad("fewer than no pods", "spec.replicas", -1, "greater than or equal to 0", "spec.replicas#minimum"),
    bad("101 pods", "spec.replicas", 101, "less than or equal to 100", "spec.replicas#maximum"),
    bad("pods in words", "spec.replicas", "three", "must be of type integer", "spec.replicas#type"),
    bad("half a pod", "spec.replicas", 1.5, "must be of type integer", "spec.replicas#type"),
    bad(
        "21 connections",
        "spec.connections",
        [{"name": f"c{n}", "type": "OpenAI", "secretRef": {"name": "openai"}} for n in range(21)],
        "must have at most 20 items",
        "spec.connections#maxItems",
    ),
    bad(
        "two connections of one name",
        "spec.connections",
        [{"name": "twin", "type": "OpenAI", "secretRef": {"name": name}} for name in ("a", "b")],
        "Duplicate value",
        "spec.connections#unique",
        field="spec.connections[1]",
    ),
    bad(
        "a connection whose name would leave its folder",
        "spec.connections.0.name",
        "../openai",
        "name must start with a letter",
        "spec.connections[].name#rule",
        field="spec.connections[0].name",
    ),
    bad(
        "a connection of an unknown provider",
        "spec.connections.0.type",
        "Carrier pigeon",
        'supported values: "OpenAI", "AzureOpenAI", "Serverless", "AzureAIServices"',
        "spec.connections[].type#enum",
        field="spec.connections[0].type",
    ),
    bad(
        "a connection without credentials",
        "spec.connections.0.secretRef",
        REMOVED,
        "Required value",
        "spec.connections[]#required",
        field="spec.connections[0].secretRef",
    ),
    bad(
        "a Secret of another namespace",
        "spec.connections.0.secretRef.namespace",
        "kube-system",
        "unknown field",
        "spec.connections[].secretRef#properties",
        field="spec.connections[0].secretRef.namespace",
    ),
    bad("a misspelt field", "spec.replicsa", 3, "unknown field", "spec#properties"),
    bad(
        "two runtime images",
        "spec",
        {"flow": {"image": {"reference": f"flow@{DIGEST}"}}, "runtime": {"image": "runtime:1"}},
        "runtime.image must be empty when flow.image is set",
        "spec#rule",
        field="spec.runtime.image",
    ),
    bad(
        "an image with a space",
        "spec.runtime.image",
        "my runtime",
        "image must be an image reference",
        "spec.runtime.image#rule",
    ),
    *(
        bad(
            f"memory that is {why}",
            "spec.runtime.resources.requests.memory",
            value,
            "must be a Kubernetes quantity greater than zero",
            "spec.runtime.resources.requests.memory#rule",
        )
        for why, value in (("no quantity", "1 GB"), ("zero", 0), ("negative", "-1Mi"))
    ),
    *(
        bad(
            f"a limit of {name} below the request",
            f"spec.runtime.resources.limits.{name}",
            value,
            f"limits.{name} must not be lower than requests.{name}",
            "spec.runtime.resources#rule",
        )
        for name, value in (("cpu", "0.4"), ("memory", "255Mi"))
    ),
    bad(
        "a variable that no shell could name",
        "spec.runtime.env.0.name",
        "MY-VAR",
        "name must be a name of an environment variable",
        "spec.runtime.env[].name#rule",
        field="spec.runtime.env[0].name",
    ),
    bad(
        "a variable with a very long value",
        "spec.runtime.env.0.value",
        "v" * 4097,
        "may not be more than 4096",
        "spec.runtime.env[].value#maxLength",
        field="spec.runtime.env[0].value",
    ),
    bad(
        "two variables of one name",
        "spec.runtime.env",
        [{"name": "TWIN", "value": value} for value in "ab"],
        "Duplicate value",
        "spec.runtime.env#unique",
        field="spec.runtime.env[1]",
    ),
    bad(
        "51 variables",
        "spec.runtime.env",
        [{"name": f"V{n}"} for n in range(51)],
        "must have at most 50 items",
        "spec.runtime.env#maxItems",
    ),
    bad(
        "two pull secrets of one name",
        "spec.runtime.imagePullSecrets",
        [{"name": "twin"}, {"name": "twin"}],
        "Duplicate value",
        "spec.runtime.imagePullSecrets#unique",
        field="spec.runtime.imagePullSecrets[1]",
    ),
    *(
        bad(f"{field} of {value}", f"spec.{field}", value, words, f"spec.{field}#{keyword}")
        for field, value, keyword, words in (
            ("runtime.requestTimeoutSeconds", 0, "minimum", "greater than or equal to 1"),
            ("runtime.requestTimeoutSeconds", 3601, "maximum", "less than or equal to 3600"),
            ("runtime.maxConcurrentRequests", 0, "minimum", "greater than or equal to 1"),
            ("runtime.maxConcurrentRequests", 1001, "maximum", "less than or equal to 1000"),
            ("runtime.maxRequestMiB", 0, "minimum", "greater than or equal to 1"),
            ("runtime.maxRequestMiB", 101, "maximum", "less than or equal to 100"),
            ("runtime.errors", "Lenient", "enum", 'supported values: "Honest", "Strict"'),
            ("runtime.imageURLs", "Private", "enum", 'supported values: "Public", "Any"'),
        )
    ),
    bad("suspended by a word", "spec.suspend", "yes", "must be of type boolean", "spec.suspend#type"),
)
