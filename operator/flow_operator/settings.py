"""The operator's environment, read once at start."""

import socket
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from flow_operator.errors import InvalidSettings
from flow_operator.manifests.serving import Release

PREFIX = "FLOW_OPERATOR_"


class Settings(BaseModel):
    """Every variable is FLOW_OPERATOR_ and the field's name in capitals."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    namespace: Annotated[str, Field(min_length=1)] = "default"
    """The operator's own: the Lease is there."""
    watch_namespaces: tuple[str, ...] = ()
    """Comma-separated; empty: all."""
    runtime_image: Annotated[str, Field(min_length=1)]
    runtime_image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    cluster_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")] = "default"
    """The first folder of everything this cluster writes to a store."""
    resync_seconds: Annotated[float, Field(gt=0)] = 600
    workers: Annotated[int, Field(ge=1, le=100)] = 10
    http_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """Health and metrics; 0 for any free port."""
    leader_election: bool = True
    pod_name: str = Field(default_factory=socket.gethostname)
    """Holder of the Lease. A pod's host name is its name."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("watch_namespaces", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @property
    def release(self) -> Release:
        """What pods get from this release."""
        return Release(self.runtime_image, self.runtime_image_pull_policy, self.cluster_name)


def read(environment: Mapping[str, str]) -> Settings:
    """Read the settings; InvalidSettings names the variable and what is wrong with it."""
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX)
    }
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        wrong = [f"{PREFIX}{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors()]
        raise InvalidSettings("; ".join(wrong)) from error
