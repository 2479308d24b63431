"""flow.dag.yaml as pydantic models: shapes only. What refers to what is checked in `graph`."""

from enum import StrEnum
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationInfo, field_validator


class ValueType(StrEnum):
    """promptflow's types of inputs and outputs."""

    INT = "int"
    DOUBLE = "double"
    BOOL = "bool"
    STRING = "string"
    SECRET = "secret"  # noqa: S105 - a type, not a secret
    PROMPT_TEMPLATE = "prompt_template"
    LIST = "list"
    OBJECT = "object"
    FILE_PATH = "file_path"
    IMAGE = "image"
    ASSISTANT_DEFINITION = "assistant_definition"


class DagModel(BaseModel):
    """Unknown keys are metadata of other tools and are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class FlowInput(DagModel):
    """An input of the flow; without a default it is required."""

    type: ValueType
    default: Any = None
    description: str | None = None
    is_chat_input: bool = False
    is_chat_history: bool | None = None
    enum: list[Any] | None = None

    @property
    def required(self) -> bool:
        """Whether a request must carry it; a default of null counts as none, as it does upstream."""
        return self.default is None


class FlowOutput(DagModel):
    """An output of the flow. `evaluation_only` ones are recorded and not answered."""

    type: ValueType = ValueType.STRING
    reference: Any = None
    description: str | None = None
    evaluation_only: bool = False
    is_chat_output: bool = False


class NodeSource(DagModel):
    """Where a node's code or prompt is."""

    type: str = "code"
    path: str | None = None
    tool: str | None = None


class Activate(DagModel):
    """A node runs only when the value of `when` equals `is`."""

    when: Any
    wanted: Any = Field(validation_alias="is")


class Node(DagModel):
    """One step of the flow."""

    name: str = Field(min_length=1)
    type: str | None = None
    source: NodeSource | None = None
    inputs: dict[str, Any] = Field(default_factory=dict)
    connection: str | None = None
    api: str | None = None
    provider: str | None = None
    aggregation: bool = Field(default=False, validation_alias=AliasChoices("aggregation", "reduce"))
    activate: Activate | None = None
    use_variants: bool = False

    @field_validator("activate", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return value or None

    @field_validator("inputs", mode="before")
    @classmethod
    def _drop_what_is_not_written(cls, value: Any, info: ValidationInfo) -> Any:
        """A literal that is null or "" counts as not written, as it does upstream but for prompt nodes."""
        if isinstance(value, dict) and info.data.get("type") != "prompt":
            return {name: literal for name, literal in value.items() if literal is not None and literal != ""}
        return value or {}


class NodeVariant(DagModel):
    """One of the bodies that a node can have; it is checked when it is chosen."""

    node: dict[str, Any]


class NodeVariants(DagModel):
    """The bodies that a node can have."""

    default_variant_id: str = ""
    variants: dict[str, NodeVariant] = Field(default_factory=dict)


class Dag(DagModel):
    """A flow.dag.yaml."""

    inputs: dict[str, FlowInput] = Field(default_factory=dict)
    outputs: dict[str, FlowOutput] = Field(default_factory=dict)
    nodes: list[Node] = Field(default_factory=list)
    node_variants: dict[str, NodeVariants] = Field(default_factory=dict)
    environment_variables: dict[str, Any] = Field(default_factory=dict)
    additional_includes: list[str] = Field(default_factory=list)
    language: str = "python"
    message_format: str = "basic"

    @field_validator("inputs", "outputs", "environment_variables", "node_variants", mode="before")
    @classmethod
    def _empty_mapping(cls, value: Any) -> Any:
        return {} if value is None else value

    @field_validator("nodes", "additional_includes", mode="before")
    @classmethod
    def _empty_list(cls, value: Any) -> Any:
        return [] if value is None else value
