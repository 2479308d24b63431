"""The steps of `make demo` up to a ready flow: operator, helpers, example. Prints only through steps.

Every step can be repeated on what is there: it applies what is wanted, keeps credentials, and rolls nothing
that has not changed.
"""

import base64
import secrets
import time
from pathlib import Path

import helm_python
import yaml

from flow_runtime.contracts.settings import Identity
from hack import helm
from hack.demo import helpers
from hack.demo.example import FOLDER, flow_archive
from hack.demo.kubectl import Kubectl, Manifest, condition, wait_for
from hack.demo.llm import LLM, Kind
from hack.demo.screen import DemoError, step
from hack.demo.setup import SLOW_SAMPLE

NAMESPACE, NAME = "flow-demo", "support-bot"
IDENTITY = Identity(cluster="default", namespace=NAMESPACE, deployment=NAME)
STORE_URL = f"s3://{helpers.BUCKET}/{NAME}"
STUB_URL = f"http://{helpers.LLM_NAME}:{helpers.LLM_PORT}/v1"
READY_SECONDS, OPERATOR_SECONDS = 180.0, 180
OPERATOR_ADVICE = "kubectl -n flow-system get pods; kubectl -n flow-system logs deploy/flow-operator"
BUSY, HELM_RETRY_SECONDS = "another operation", 2.0
UNLOCK_ADVICE = (
    "if an earlier run was killed in the middle: .venv/bin/python -m hack.helm uninstall, then again"
)
STEADY_LOOKS = 4
"""A changed flow is noticed within a second; so long Ready must hold before it counts."""


CRDS = ("crd/flowdeployments.flowoperator.dev", "crd/flowmonitors.flowoperator.dev")


def install_operator(kubectl: Kubectl, images: dict[str, str]) -> None:
    """Install or upgrade the chart, and wait for the operator and the CRDs."""
    deadline = time.monotonic() + OPERATOR_SECONDS
    with step("operator by Helm into flow-system") as shown:
        while not installed(images, last_try=time.monotonic() > deadline):
            shown.note = "another Helm operation is in progress"
            time.sleep(HELM_RETRY_SECONDS)
        shown.note = ""
        kubectl("wait", "--for=condition=Established", *CRDS, "--timeout=30s")


def installed(images: dict[str, str], *, last_try: bool) -> bool:
    """Whether Helm did it; False while somebody else is at it. Raises DemoError."""
    try:
        helm.install(helm.image_values(images), timeout=OPERATOR_SECONDS)
    except helm_python.HelmError as error:
        if BUSY in str(error) and not last_try:
            return False
        advice = UNLOCK_ADVICE if BUSY in str(error) else OPERATOR_ADVICE
        raise DemoError(f"helm: {error}", advice) from None
    return True


def apply_helpers(kubectl: Kubectl, images: dict[str, str], llm: LLM) -> None:
    """The namespace, the S3 server with its bucket, the stub if it is wanted, and the two Secrets."""
    wanted = [helpers.STORE, *([helpers.LLM_NAME] if llm.kind is Kind.STUB else [])]
    with step(f"namespace {NAMESPACE}, {' and '.join(wanted)}") as shown:
        kubectl.apply([helpers.namespace(NAMESPACE)])
        kubectl.apply(
            [
                helpers.secret(helpers.STORE, store_credentials(kubectl)),
                helpers.secret("openai", {"api_key": llm.api_key, "base_url": llm.base_url}),
                *helpers.s3_server(images["VERSITYGW"], images["RUNTIME"]),
                *(helpers.scripted_llm(images["RUNTIME"]) if llm.kind is Kind.STUB else []),
            ]
        )
        advice = f"kubectl -n {NAMESPACE} get pods; kubectl -n {NAMESPACE} describe pods"
        wait_for(shown, lambda: available(kubectl, wanted), READY_SECONDS, advice)


def store_credentials(kubectl: Kubectl) -> dict[str, str]:
    """The bucket's credentials: those of the run before, else new ones."""
    live = kubectl.get("secret", helpers.STORE)
    if live is None:
        return helpers.store_credentials(secrets.token_hex(10), secrets.token_hex(20))
    return {key: base64.b64decode(value).decode() for key, value in live["data"].items()}


def available(kubectl: Kubectl, deployments: list[str]) -> tuple[bool, str]:
    """Whether these Deployments have their pod."""
    missing = [n for n in deployments if condition(kubectl.get("deployment", n), "Available")[0] != "True"]
    return not missing, f"waiting for {', '.join(missing)}" if missing else "ready"


def apply_example(kubectl: Kubectl, llm: LLM) -> None:
    """The flow, the FlowDeployment and the FlowMonitor; wait until all pods are ready."""
    archive = base64.b64encode(flow_archive(llm.model)).decode()
    resources = [read(FOLDER / "kubernetes" / f"{kind}.yaml") for kind in ("flowdeployment", "flowmonitor")]
    judge = resources[1]["spec"]["judge"]
    judge["model"] = llm.model
    if llm.kind is Kind.LOCAL:
        judge |= {"timeoutSeconds": 300, "maxAttempts": 2, "concurrency": 4}
        resources[1]["spec"]["sample"] = {"maxRecords": SLOW_SAMPLE}
    looks = 0

    def look() -> tuple[bool, str]:
        nonlocal looks
        live = kubectl.get("flowdeployment", NAME)
        ready, message = condition(live, "Ready")
        looks = looks + 1 if ready == "True" and condition(live, "Progressing")[0] != "True" else 0
        return looks >= STEADY_LOOKS, message or "not seen by the operator yet"

    with step(f"FlowDeployment {NAME}") as shown:
        kubectl.apply([helpers.flow_config_map(NAME, archive), *resources])
        wait_for(shown, look, READY_SECONDS, f"kubectl -n {NAMESPACE} describe fd {NAME}")


def read(path: Path) -> Manifest:
    """One manifest of the example."""
    manifest: Manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    return manifest
