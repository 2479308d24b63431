"""The resources of the tests: a FlowDeployment and FlowMonitors, as a user would write them."""

import json
from typing import Any

from tests.e2e.kubectl import Manifest
from tests.e2e.manifests import BOT, BUCKET, FLOW, MONITOR, config_map

API = "flowoperator.dev/v1alpha1"
KIND = {"fd": "FlowDeployment", "fm": "FlowMonitor"}


def flow_files(**changed: str) -> dict[str, str]:
    """The files of the test's flow; keywords replace one (`fetch_docs` is fetch_docs.py)."""
    files = {path.name: path.read_text() for path in sorted(FLOW.iterdir()) if path.is_file()}
    for name, text in changed.items():
        (file,) = [each for each in files if each.split(".")[0] == name]
        files[file] = text
    return files


def flow(name: str, **changed: str) -> Manifest:
    """The ConfigMap of a flow."""
    return config_map(name, flow_files(**changed))


def flow_deployment(name: str = BOT, **spec: Any) -> Manifest:
    """A flow that answers from the scripted LLM, with everything collected into the bucket."""
    connection = {"name": "open_ai_connection", "type": "OpenAI", "secretRef": {"name": "openai"}}
    usual = {
        "flow": {"configMap": {"name": f"{name}-flow"}},
        "replicas": 3,
        "connections": [connection],
        "runtime": {"resources": {"requests": {"cpu": "50m", "memory": "128Mi"}}},
        "collection": {
            "store": {"url": f"s3://{BUCKET}/flows", "secretRef": {"name": "store"}},
            "spool": {"segmentSeconds": 5},
        },
    }
    return {"apiVersion": API, "kind": "FlowDeployment", "metadata": {"name": name}, "spec": usual | spec}


def flow_monitor(name: str = MONITOR, **spec: Any) -> Manifest:
    """Judges the flow's traffic; weekly, so only when a test starts a run."""
    mapping = {"prompt": "inputs.query", "completion": "outputs.reply", "context": "outputs.fetched_docs"}
    usual = {
        "flowDeploymentRef": {"name": BOT},
        "window": {"lookback": "1d"},
        "mapping": mapping,
        "judge": {
            "connection": {"type": "OpenAI", "secretRef": {"name": "openai"}},
            "model": "scripted",
        },
    }
    return {"apiVersion": API, "kind": "FlowMonitor", "metadata": {"name": name}, "spec": usual | spec}


def as_text(*manifests: Manifest) -> str:
    """Objects as kubectl reads them."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
