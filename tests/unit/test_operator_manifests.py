"""Every builder by golden files, and what must hold for all of them."""

import copy
from typing import Any

import pytest
import yaml

from flow_operator.api.flowdeployment import FlowDeployment
from flow_operator.manifests import flow_deployment
from flow_operator.manifests.kept import keep_template
from flow_operator.manifests.names import REVISION, TEMPLATE
from flow_operator.manifests.revision import FlowFiles, revision_of
from flow_operator.manifests.serving import Release, Serving
from tests.unit import golden

CR: dict[str, Any] = {
    "metadata": {"name": "bot", "namespace": "shop", "uid": "1"},
    "spec": {"flow": {"configMap": {"name": "bot"}}},
}
FILES = FlowFiles({"flow.dag.yaml": "nodes: []"})
RELEASE = golden.RELEASE
NEWER = Release(image="registry.example.com/flow-runtime:2.0.0", pull_policy="IfNotPresent", cluster="prod")


def revision(files: FlowFiles | None = FILES, **spec: Any) -> str:
    return revision_of(FlowDeployment.model_validate(CR | {"spec": CR["spec"] | spec}).spec, files)


def serving(release: Release = RELEASE) -> Serving:
    cr = FlowDeployment.model_validate(CR)
    return Serving(cr, release, revision=revision_of(cr.spec, FILES), files=FILES)


def built(given: Serving, kind: str) -> dict[str, Any]:
    return next(child for child in flow_deployment.build(given) if child["kind"] == kind)


def test_there_are_golden_files_for_both_kinds() -> None:
    kinds = [case.split("-")[0] for case in golden.cases()]
    assert kinds.count("fd") >= 6
    assert kinds.count("fm") >= 3


@pytest.mark.parametrize("case", golden.cases())
def test_children_are_as_their_golden_file_shows(case: str) -> None:
    expected = (golden.FOLDER / f"{case}.yaml").read_text()
    assert golden.rendered(case) == expected, "changed on purpose? then: make golden"


@pytest.mark.parametrize("case", golden.cases())
def test_a_builder_sets_no_status_and_every_child_is_owned_and_labelled(case: str) -> None:
    for child in golden.children(case):
        assert "status" not in child
        assert [ref["uid"] for ref in child["metadata"]["ownerReferences"]] == [golden.UID]
        assert child["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "flow-operator"
        assert len(child["metadata"]["name"]) <= 63


@pytest.mark.parametrize("case", golden.cases())
def test_children_are_plain_data_that_yaml_gives_back_unchanged(case: str) -> None:
    read_back = [child for child in yaml.safe_load_all(golden.rendered(case)) if child]
    assert read_back == golden.children(case)


def test_the_longest_name_makes_valid_child_names() -> None:
    cr = FlowDeployment.model_validate(CR | {"metadata": CR["metadata"] | {"name": "a" * 40}})
    given = Serving(cr, RELEASE, revision=revision_of(cr.spec, FILES), files=FILES)
    assert max(len(child["metadata"]["name"]) for child in flow_deployment.build(given)) == 62


def test_the_revision_follows_the_flows_bytes_and_the_runtime_part_of_the_spec() -> None:
    same = revision()
    assert revision(FlowFiles({"flow.dag.yaml": "nodes: [] "})) != same
    assert revision(FlowFiles({"flow.yaml": "nodes: []"})) != same
    assert revision(runtime={"requestTimeoutSeconds": 61}) != same
    assert revision(connections=[{"name": "a", "type": "OpenAI", "secretRef": {"name": "s"}}]) != same
    assert revision(collection={"store": {"url": "s3://records"}}) != same
    assert revision(flow={"configMap": {"name": "bot"}, "variant": "chat.b"}) != same
    for change in ({"errors": "Strict"}, {"maxRequestMiB": 6}, {"imageURLs": "Any"}):
        assert revision(runtime=change) != same


def test_a_release_that_adds_fields_leaves_every_revision_as_it_is() -> None:
    """The digests of the first release; one that changes makes every pod of a cluster roll."""
    llm = {"name": "llm", "type": "OpenAI", "secretRef": {"name": "openai"}}
    assert revision() == "ad556fe96349"
    assert revision(connections=[llm], runtime={"requestTimeoutSeconds": 7}) == "653655b687d1"
    assert (
        revision(collection={"store": {"url": "s3://records"}, "captureNodes": ["fetch"]}) == "7dd6e45fab65"
    )
    baked = {"image": {"reference": f"flow@sha256:{'0' * 64}"}}
    assert revision(None, flow=baked) == "5378a8f7d555"


def test_the_revision_follows_what_the_source_names() -> None:
    git = {"url": "https://git.example.com/a.git", "commit": "0" * 40}
    archive = {"url": "s3://flows/a.tar.gz", "sha256": "0" * 64}
    image = {"reference": "registry.example.com/a@sha256:" + "0" * 64}
    flows: list[dict[str, Any]] = [
        {"git": git},
        {"git": git | {"commit": "1" * 40}},
        {"git": git | {"path": "flows/a"}},
        {"git": git | {"secretRef": {"name": "git"}}},
        {"objectStore": archive},
        {"objectStore": archive | {"sha256": "1" * 64}},
        {"oci": image},
        {"oci": {"reference": image["reference"].replace("0", "1")}},
        {"image": image},
    ]
    assert len({revision(None, flow=flow) for flow in flows}) == len(flows)


def test_only_the_fetcher_has_the_sources_secret_and_may_write_the_flow() -> None:
    pods = [
        each["spec"]["template"]["spec"] for each in golden.children("fd-git") if each["kind"] == "Deployment"
    ]
    (pod,) = pods
    fetch, *others = (*pod["initContainers"], *pod["containers"])
    assert fetch["name"] == "fetch"
    assert [mount["name"] for mount in fetch["volumeMounts"]] == ["settings", "flow", "tmp", "source"]
    for container in others:
        mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
        assert "source" not in mounts
        assert mounts.get("flow", {"readOnly": True})["readOnly"]
    assert all(each["securityContext"] == fetch["securityContext"] for each in others)


def test_the_revision_ignores_replicas_suspension_and_spelled_out_defaults() -> None:
    same = revision()
    assert revision(replicas=7) == same
    assert revision(suspend=True) == same
    assert revision(runtime={"requestTimeoutSeconds": 60, "resources": {"requests": {"cpu": "100m"}}}) == same
    assert revision(runtime={"errors": "Honest", "maxRequestMiB": 5, "imageURLs": "Public"}) == same
    assert revision(flow={"configMap": {"name": "bot"}, "variant": ""}) == same
    assert revision(collection={"enabled": False, "store": {"url": "s3://records"}}) == same


def test_the_revision_is_the_same_for_text_and_for_binary_data_of_equal_bytes() -> None:
    assert revision(FlowFiles({}, {"flow.dag.yaml": "bm9kZXM6IFtd"})) == revision()


def test_a_newer_release_keeps_the_template_of_a_running_revision() -> None:
    live = built(serving(), "Deployment")
    kept = keep_template(serving(NEWER), live, ())
    assert built(kept, "Deployment") == live
    assert kept.image != live["spec"]["template"]["spec"]["containers"][0]["image"]


def test_a_drifted_template_of_an_older_release_is_taken_from_its_replica_set() -> None:
    live = built(serving(), "Deployment")
    template = copy.deepcopy(live["spec"]["template"])
    template["metadata"]["labels"]["pod-template-hash"] = "abc"
    replica_set = {
        "metadata": {
            "creationTimestamp": "2026-11-22T00:00:00Z",
            "labels": template["metadata"]["labels"],
            "annotations": {TEMPLATE: live["metadata"]["annotations"][TEMPLATE]},
        },
        "spec": {"template": template},
    }
    drifted = copy.deepcopy(live)
    drifted["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example.com/evil"
    assert built(keep_template(serving(NEWER), drifted, [replica_set]), "Deployment") == live


def test_a_template_of_the_same_release_is_built_so_that_drift_is_seen() -> None:
    drifted = built(serving(), "Deployment")
    drifted["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example.com/evil"
    assert keep_template(serving(), drifted, ()).kept is None


def test_a_new_revision_takes_the_image_of_the_newer_release() -> None:
    live = built(serving(), "Deployment")
    live["metadata"]["labels"][REVISION] = "0123456789ab"
    assert keep_template(serving(NEWER), live, ()).kept is None


def test_only_who_opens_the_store_sees_its_volume() -> None:
    (deployment,) = (each for each in golden.children("fd-store-volume") if each["kind"] == "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    seen = {
        container["name"]: [mount["mountPath"] for mount in container["volumeMounts"]]
        for container in (*pod["initContainers"], *pod["containers"])
    }
    assert {name for name, paths in seen.items() if "/store-volume" in paths} == {"collector"}


def test_an_identity_of_the_cloud_is_on_account_and_pods_and_not_for_the_server() -> None:
    children = {each["kind"]: each for each in golden.children("fd-store-azure")}
    account, template = children["ServiceAccount"], children["Deployment"]["spec"]["template"]
    assert "azure.workload.identity/client-id" in account["metadata"]["annotations"]
    assert template["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    assert template["metadata"]["annotations"]["azure.workload.identity/skip-containers"] == "server"
    assert (
        account["automountServiceAccountToken"] is template["spec"]["automountServiceAccountToken"] is False
    )
