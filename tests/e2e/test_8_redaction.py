"""No secret that is sent in any way is anywhere in the cluster, and without its policy nothing is stored."""

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import obstore
import pytest

from tests.e2e import manifests, resources, waits
from tests.e2e.flows import dag
from tests.e2e.kubectl import KubectlError
from tests.e2e.world import World

NAME, PEPPER = "leaky", "pepper"
TOKEN = "tok-hunter2-0451"
AS_ID = (
    "jane.doe@example.com",
    "o-neil+news@mail.example.co.uk",
    "4111111111111111",
    "5500-0000-0000-0004",
    "3782-822463-10005",
    "DE89370400440532013000",
    "GB29NWBK60161331926819",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "AKIAIOSFODNN7EXAMPLE",
    "AIzaSyD4x8pQ2mN6vB1cZ9lK7jH5gF3dS0aWeRt",
    "sk-proj-Ab12Cd34Ef56Gh78Ij90Kl12",
    "sk-ant-api03-Rk2_xQz9LmVt-WbNc7YpHd4JsGfUaEo8KiXr5MvBn1",
    "ghp_R7tYw2QzLmXc9VbN4rKyPd8HsJ3fGaUe6XoM",
    "xoxb-2417389105-4820175936-QwErTyUiOpAsDfGhJkLzXcVb",
    "sk_live_51HqLyjWDarjtT1zdp7dcXYZabcdef",
    "whsec_9f8e7d6c5b4a39281706f5e4d3c2b1a0",
    "glpat-zQ9xW2cV5bN8mK1jH4gF",
)
IN_TEXT = (
    "jürgen@bücher.example",
    "4012 8888 8888 1881",
    "FR14 2004 1010 0505 0001 3M02 606",
    "+49 30 23125 410",
    "+1 (202) 555-0143",
    "(312) 555-0188",
    "07700 900461",
    "090-1234-5678",
    "203.0.113.77",
    "198.51.100.23",
    "2001:db8:85a3::8a2e:370:7334",
    "fd12:3456:789a:1::17",
    "p4ssW0rd!Long",
)
"""Not as an id: of such forms ids are made, or a header cannot hold them."""
NAMED = ("top-secret-password-17", "Erika Mustermann-42", "customer-0815-4711")
USERS = ("user-erika-3301", "user-hans-3302")
PLANTED = (*AS_ID, *IN_TEXT, *NAMED, *USERS, TOKEN)
FLOW = """
    - name: say
      type: python
      source: {type: code, path: say.py}
      inputs: {query: "${inputs.query}", token: "${inputs.token}", history: "${inputs.history}"}
"""
SAY = """
    from promptflow.core import tool

    @tool
    def say(query: str, token: str, history: list) -> dict:
        if "explode" in query:
            raise ValueError(f"nobody is called {query} with {token}")
        return {"text": query * 2, "token": token, "history": history}
"""
SEND = """
import json, sys, urllib.error, urllib.request
done = []
for path, headers, body in json.load(sys.stdin):
    ask = urllib.request.Request(sys.argv[1] + path, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(ask, timeout=30) as answer:
            done.append((answer.status, answer.headers["x-request-id"]))
    except urllib.error.HTTPError as error:
        done.append((error.code, error.headers["x-request-id"]))
print(json.dumps(done))
"""
Sent = list[tuple[str, dict[str, str], Any]]


def files() -> dict[str, str]:
    found = dag(FLOW, "say", say__py=SAY)
    inputs = "inputs: {query: {type: string}, token: {type: secret}, history: {type: list, default: []}}"
    return {name: text.replace("inputs: {query: {type: string}}", inputs) for name, text in found.items()}


def deployment() -> dict[str, Any]:
    usual = resources.flow_deployment()["spec"]["collection"]
    redact = {
        "patterns": ["email", "phone", "creditCard", "iban", "ipv4", "ipv6", "jwt", "cloudKey"],
        "keys": [
            {"name": "password", "action": "Drop"},
            {"name": "full_name", "action": "Mask"},
            {"name": "customer_id", "action": "Hash"},
        ],
        "hashKeySecretRef": {"name": PEPPER},
    }
    spool = {"segmentSeconds": 2}
    more = {"redact": redact, "user": "x-user-id", "captureNodes": ["say"], "spool": spool}
    return resources.flow_deployment(NAME, replicas=1, connections=[], collection=usual | more)


def asked() -> Sent:
    """Every secret in every way in: inputs, history, a tool's error, headers, feedback, a long field."""
    sent: Sent = []
    for number, secret in enumerate((*AS_ID, *IN_TEXT)):
        text = f"postgres://app:{secret}@db/x" if secret == IN_TEXT[-1] else f"I am {secret} here"
        fields = dict(zip(("password", "full_name", "customer_id"), NAMED, strict=True))
        history = [{"inputs": {"q": text, **fields}, "outputs": {"a": json.dumps({"said": text, **fields})}}]
        headers = {"content-type": "application/json", "x-user-id": USERS[number % 2]}
        if secret in AS_ID:
            headers |= {"x-request-id": secret, "traceparent": f"00-{secret}-01"}
        body = {"query": text, "token": TOKEN, "history": history}
        sent += [("score", headers, body), ("score", headers, body | {"query": f"explode {text}"})]
        sent.append(("feedback", headers, {"comment": text, **fields}))
    long = "word " * 60_000 + AS_ID[0]
    sent.append(
        ("score", {"content-type": "application/json"}, {"query": long, "token": TOKEN, "history": []})
    )
    return sent


def send(world: World, sent: Sent) -> list[tuple[int, str]]:
    arguments = ("exec", "-i", "client", "--", "python3", "-c", SEND, world.url(NAME, ""))
    return [
        tuple(each) for each in json.loads(world.kubectl(*arguments, stdin=json.dumps(sent), timeout=120))
    ]


def rows(world: World, kind: str = "records") -> int:
    with world.bucket() as store:
        names = [e["path"] for page in obstore.list(store, f"{world.stored_by(NAME)}/{kind}") for e in page]
    return sum(int(name.removesuffix(".jsonl.gz").rsplit("-", 1)[1]) for name in names)


@pytest.fixture(scope="module")
def served(world: World) -> Iterator[World]:
    world.kubectl.apply(
        manifests.secret(PEPPER, {"hash_key": "0123456789abcdef" * 2}),
        manifests.config_map(f"{NAME}-flow", files()),
        deployment(),
    )
    world.until_served(NAME)
    yield world
    world.kubectl("delete", "fd", NAME)


@pytest.fixture(scope="module")
def answers(served: World) -> list[tuple[int, str]]:
    """What was answered to all that was asked, once it is stored."""
    sent = asked()
    found = send(served, sent)
    feedback = sum(path == "feedback" for path, _, _ in sent)
    waits.until("all of it in the bucket", lambda: rows(served) == len(sent) - feedback, 90, every=1)
    waits.until("all feedback in the bucket", lambda: rows(served, "feedback") == feedback, 90, every=1)
    return found


def stored(world: World, folder: Path) -> list[dict[str, Any]]:
    objects = world.download(f"{world.stored_by(NAME)}/", folder)
    return [json.loads(line) for path in objects for line in gzip.decompress(path.read_bytes()).splitlines()]


def everything_else(world: World) -> Iterator[tuple[str, str]]:
    """Logs, Events, all objects but Secrets, and what pods tell of themselves."""
    for kubectl in (world.kubectl, world.system):
        kinds = "events,fd,fm,pods,deployments,replicasets,services,endpointslices,configmaps,jobs,cronjobs"
        yield "objects", kubectl("get", kinds, "-o", "json")
        for pod in kubectl.list("pods"):
            name = pod["metadata"]["name"]
            if kubectl is world.system or NAME in name:
                yield f"log of {name}", kubectl("logs", name, "--all-containers", "--timestamps")
                for container in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]):
                    yield from previous(world, kubectl.namespace, name, container["name"])
                    for port in container.get("ports", ()):
                        pods = f"/api/v1/namespaces/{kubectl.namespace}/pods"
                        where = f"{pods}/{name}:{port['containerPort']}/proxy"
                        for path in ("metrics", "state"):
                            yield from told(world, f"{where}/{path}")


def previous(world: World, namespace: str, pod: str, container: str) -> Iterator[tuple[str, str]]:
    try:
        text = world.kubectl.within(namespace)("logs", pod, "-c", container, "--previous")
    except KubectlError:
        return  # it never ended
    yield f"log before of {pod}/{container}", text


def told(world: World, url: str) -> Iterator[tuple[str, str]]:
    try:
        text = world.kubectl("get", "--raw", url)
    except KubectlError:
        return  # no such page on this port
    yield url, text


def forms(secret: str) -> set[str]:
    """Write a secret as it is, in a URL, in JSON and in base64."""
    return {
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        base64.b64encode(secret.encode()).decode().rstrip("="),
    }


def test_no_planted_secret_is_anywhere(served: World, answers: list[tuple[int, str]], tmp_path: Path) -> None:
    records = stored(served, tmp_path)
    found = [("store", json.dumps(records, ensure_ascii=False)), *everything_else(served)]
    names = " ".join(name for name, _ in found)
    assert "/metrics" in names
    assert "/state" in names
    assert "log of flow-operator" in names
    assert "log of leaky" in names
    leaks = [
        (name, secret) for secret in PLANTED for form in forms(secret) for name, text in found if form in text
    ]
    assert leaks == []
    assert {status for status, _ in answers} == {200, 400} or {status for status, _ in answers} == {200, 500}


def test_hashes_join_equal_values_and_tell_others_apart(
    served: World, answers: list[tuple[int, str]], tmp_path: Path
) -> None:
    records = stored(served, tmp_path)
    users = {record["user"] for record in records if record.get("user")}
    assert len(users) == len(USERS)
    assert all(user.startswith("hash:") for user in users)
    history = [record["inputs"]["history"] for record in records if record.get("inputs", {}).get("history")]
    assert len({turn["inputs"]["customer_id"] for (turn,) in history}) == 1


def test_an_id_that_is_a_secret_is_one_of_the_servers_own(answers: list[tuple[int, str]]) -> None:
    ids = [request for _, request in answers if request]
    assert len(set(ids)) == len(ids) > len(AS_ID)
    assert not set(ids) & set(AS_ID)


def test_what_waits_to_be_redacted_is_on_no_disk(served: World) -> None:
    (pod,) = served.kubectl.list("pods", served.pods_of(NAME))
    code = "print(*(line.split()[2] for line in open('/proc/mounts') if line.split()[1] == '/spool'))"
    where = ("exec", pod["metadata"]["name"], "-c", "server", "--", "python3", "-c", code)
    assert served.kubectl(*where).split() == ["tmpfs"]


def test_without_its_key_nothing_is_stored_and_with_it_nothing_is_lost(
    served: World, answers: list[tuple[int, str]]
) -> None:
    before = rows(served)
    served.kubectl.apply(manifests.secret(PEPPER, {"hash_key": "short"}))
    waits.mount_now(served.kubectl, served.pods_of(NAME))

    def broken() -> bool:
        found = waits.condition(served.kubectl.get("fd", NAME), "Collecting")
        assert (found.get("status"), found.get("reason")) == ("False", "HashKeyInvalid"), found
        return True

    waits.until("Collecting=False", broken, 60)
    ask = ("score", {"content-type": "application/json"}, {"query": "hi", "token": TOKEN, "history": []})
    assert [status for status, _ in send(served, [ask] * 5)] == [200] * 5
    assert rows(served) == before
    served.kubectl.apply(manifests.secret(PEPPER, {"hash_key": "fedcba9876543210" * 2}))
    waits.mount_now(served.kubectl, served.pods_of(NAME))
    waits.until("what waited in the bucket", lambda: rows(served) == before + 5, 90, every=1)
    waits.until_condition(served.kubectl, "fd", NAME, "Collecting", "True")
