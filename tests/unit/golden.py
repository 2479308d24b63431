"""The golden manifests: every child of every example resource.

`python -m tests.unit.golden` writes `golden/<case>.yaml` anew from `golden/<case>.input.yaml`. An input is a
FlowDeployment or FlowMonitor, followed by what is in its namespace.
"""

from pathlib import Path
from typing import Any

import yaml

from flow_operator.api.flowdeployment import FlowDeployment
from flow_operator.api.flowmonitor import FlowMonitor
from flow_operator.manifests import flow_deployment, flow_monitor
from flow_operator.manifests.evaluation import Evaluation
from flow_operator.manifests.revision import FlowFiles, revision_of
from flow_operator.manifests.serving import Release, Serving
from flow_operator.manifests.source import source_of

FOLDER = Path(__file__).parent / "golden"
RELEASE = Release(image="registry.example.com/flow-runtime:1.0.0", pull_policy="IfNotPresent", cluster="prod")
UID = "5d1bcb1e-4a9c-4a3b-9c73-2f1f6c0e7a55"


def cases() -> list[str]:
    return sorted(path.name.removesuffix(".input.yaml") for path in FOLDER.glob("*.input.yaml"))


def children(case: str) -> list[dict[str, Any]]:
    """All children of a case, in the order in which they are applied."""
    resource, *others = yaml.safe_load_all((FOLDER / f"{case}.input.yaml").read_text())
    resource["metadata"] |= {"namespace": "shop", "uid": UID}
    for other in others:
        other["metadata"]["namespace"] = "shop"
    if resource["kind"] == FlowMonitor.KIND:
        found = next((FlowDeployment.model_validate(other) for other in others), None)
        source = source_of(found) if found else None
        return flow_monitor.build(Evaluation(FlowMonitor.model_validate(resource), RELEASE, source))
    return flow_deployment.build(serving(FlowDeployment.model_validate(resource), others))


def serving(cr: FlowDeployment, others: list[dict[str, Any]]) -> Serving:
    """A FlowDeployment with the revision that its source, if it is among the others, makes."""
    files = next((FlowFiles.of(other) for other in others if other["kind"] == "ConfigMap"), None)
    known = files is not None or cr.spec.flow.config_map is None
    revision = revision_of(cr.spec, files) if known else None
    return Serving(cr, RELEASE, revision=revision, files=files)


class Readable(yaml.SafeDumper):
    """Texts of several lines as such, and nothing by reference."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def text(self, data: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


Readable.add_representer(str, Readable.text)


def rendered(case: str) -> str:
    return yaml.dump_all(children(case), Dumper=Readable, sort_keys=False, width=110, allow_unicode=True)


def main() -> None:
    for case in cases():
        (FOLDER / f"{case}.yaml").write_text(rendered(case))
        print(f"wrote {case}.yaml")


if __name__ == "__main__":
    main()
