"""Images: how they are written, where they may come from, how they go through prompts, Python and outputs."""

import asyncio
import base64
import ipaddress
import socket
from pathlib import Path
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from flow_runtime.flow.errors import FlowLoadError, InvalidImageInput
from flow_runtime.flow.image import Image, sniff
from flow_runtime.flow.image_http import PublicResolver, is_public
from flow_runtime.flow.image_url import ImageFetcher
from flow_runtime.flow.images import Link, read_image, shown
from flow_runtime.flow.run import Run, Services
from flow_runtime.flow.threads import Threads
from flow_runtime.llm.function import FunctionChat
from tests.unit.flow_helpers import connection, load, outputs

PNG = b"\x89PNG\r\n\x1a\nrest"
TEXT = base64.b64encode(PNG).decode()
URL = "https://example.com/a.png"
BASIC, VISION = "basic", "openai-vision"


def vision(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


@pytest.mark.parametrize(
    ("value", "form", "kind"),
    [
        (TEXT, BASIC, "image/png"),
        (f"data:image/gif;base64,{TEXT}", BASIC, "image/png"),
        ({"data:image/jpeg;base64": TEXT}, BASIC, "image/jpeg"),
        ({"data:image/*;base64": TEXT}, BASIC, "image/*"),
        (vision(TEXT), VISION, "image/png"),
        (vision(f"data:image/png;base64,{TEXT}"), VISION, "image/png"),
        (TEXT, VISION, "image/png"),
    ],
)
def test_an_image_is_read_as_it_is_written(value: Any, form: str, kind: str) -> None:
    found = read_image(value, form)
    assert isinstance(found, Image)
    assert (bytes(found), found.mime_type) == (PNG, kind)


@pytest.mark.parametrize(
    ("value", "form", "kind"),
    [(URL, BASIC, None), ({"data:image/png;url": URL}, BASIC, "image/png"), (vision(URL), VISION, None)],
)
def test_a_url_is_a_link_that_is_yet_to_be_fetched(value: Any, form: str, kind: str | None) -> None:
    assert read_image(value, form) == Link(URL, kind)


@pytest.mark.parametrize(
    ("value", "form", "says"),
    [
        ("", BASIC, "empty"),
        (5, BASIC, "not int"),
        ({"a": 1}, BASIC, "data:image/<type>"),
        (vision(TEXT), BASIC, "data:image/<type>"),
        ({"data:image/png;base64": TEXT}, VISION, "image_url"),
        ({"data:image/png;base64": "no base64!"}, BASIC, "neither base64"),
        ({"data:image/png;base64": 5}, BASIC, "not int"),
        ({"data:image/png;path": "/etc/passwd"}, BASIC, "own files only"),
        ("/etc/passwd", BASIC, "own files only"),
        ({"type": "image_file", "image_file": {"path": "/etc/passwd"}}, VISION, "own files only"),
        ({"type": ["image_url"], "image_url": {"url": TEXT}}, VISION, "image_url"),
    ],
)
def test_what_is_no_image_is_said(value: Any, form: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_image(value, form)


def test_a_path_of_the_flow_stays_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    assert read_image("a.png", BASIC, tmp_path) == PNG
    for name in ("../a.png", "/etc/passwd", "gone.png", "a\0"):
        with pytest.raises(ValueError, match="in the flow's folder"):
            read_image({"data:image/png;path": name}, BASIC, tmp_path)


def test_types_are_read_off_the_bytes() -> None:
    assert sniff(b"\xff\xd8\xff\xe0") == "image/jpeg"
    assert sniff(b"RIFF....WEBP") == "image/webp"
    assert sniff(b"") == "image/*"


CHAT_FLOW = """
    inputs: {x: {type: KIND}}
    outputs: {answer: {reference: "${chat.output}"}}
    message_format: FORMAT
    nodes:
    - {name: chat, type: llm, source: {path: c.jinja2}, api: chat, connection: llm,
       inputs: {model: m, x: "${inputs.x}"}}
"""
LOOK = "system:\nx\nuser:\nlook: ![image]({{x}})\nnice?\n"


async def test_an_image_becomes_a_part_of_its_message(tmp_path: Path) -> None:
    llm = FunctionChat(lambda messages: "ok")
    flow = load(tmp_path, CHAT_FLOW.replace("KIND", "image").replace("FORMAT", BASIC), c_jinja2=LOOK)
    await outputs(flow, {"x": {"data:image/png;base64": TEXT}}, llm)
    assert llm.asked[0][1] == {
        "role": "user",
        "content": [
            {"type": "text", "text": "look: "},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{TEXT}", "detail": "auto"}},
            {"type": "text", "text": "nice?"},
        ],
    }


async def test_images_in_a_list_are_parts_line_by_line(tmp_path: Path) -> None:
    llm = FunctionChat(lambda messages: "ok")
    flow = load(tmp_path, CHAT_FLOW.replace("KIND", "list").replace("FORMAT", VISION), c_jinja2=LOOK)
    await outputs(flow, {"x": [{"type": "text", "text": "one"}, vision(TEXT)]}, llm)
    kinds = [part.get("text", part["type"]) for part in llm.asked[0][1]["content"]]  # type: ignore[index]
    assert kinds == ["look: ", "one", "image_url", "nice?"]


ECHO = """
    inputs: {x: {type: image, default: a.png}, deep: {type: object, default: {}}}
    outputs: {same: {reference: "${inputs.x}"}, o: {reference: "${n.output}"}}
    message_format: FORMAT
    nodes:
    - {name: n, type: python, source: {path: t.py},
       inputs: {x: "${inputs.x}", deep: "${inputs.deep}", own: a.png}}
"""
TOOL = """
    from promptflow.core import tool
    from promptflow.contracts.multimedia import Image
    @tool
    def run(x, deep, own: Image):
        return {"kind": type(x).__name__, "own": own, "deep": deep}
"""


@pytest.mark.parametrize("form", [BASIC, VISION])
async def test_python_gets_images_and_outputs_show_them_as_base64(form: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    flow = load(tmp_path, ECHO.replace("FORMAT", form), t_py=TOOL)
    image = shown(Image(PNG), form)
    assert await outputs(flow, {"deep": {"list": [image, 1]}}) == {
        "same": image,
        "o": {"kind": "Image", "own": image, "deep": {"list": [image, 1]}},
    }


async def test_a_path_in_a_request_is_refused_and_names_its_input(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    flow = load(tmp_path, ECHO.replace("FORMAT", BASIC), t_py=TOOL)
    with pytest.raises(InvalidImageInput, match=r"input 'x'.*own files only"):
        await outputs(flow, {"x": "a.png"})


@pytest.mark.parametrize("own", ["gone.png", URL, "5"])
def test_a_literal_that_is_no_image_is_refused_when_the_flow_is_loaded(own: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    with pytest.raises(FlowLoadError, match="input 'own'") as refused:
        load(tmp_path, ECHO.replace("FORMAT", BASIC).replace("own: a.png", f"own: {own}"), t_py=TOOL)
    assert refused.value.name == "NodeInputValidationError"


class Fetched(ImageFetcher):
    """Has every image."""

    async def fetch(self, url: str, deadline: float) -> bytes:
        return PNG + url.encode()


async def test_a_url_is_fetched_before_the_flow_runs_and_given_to_the_llm_as_it_is(tmp_path: Path) -> None:
    llm = FunctionChat(lambda messages: "ok")
    flow = load(tmp_path, CHAT_FLOW.replace("KIND", "image").replace("FORMAT", BASIC), c_jinja2=LOOK)
    services = Services(llm, connection, Threads(1), Fetched())
    run = Run({"x": URL}, services, asyncio.get_running_loop().time() + 5)
    await flow.run(run)
    assert bytes(run.inputs["x"]) == PNG + URL.encode()
    assert llm.asked[0][1]["content"][1]["image_url"]["url"] == URL  # type: ignore[index]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",  # noqa: S104 - an address, not a binding
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_an_address_of_the_inside_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a",
        "http://[::1]/a",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "ftp://example.com/a",
        "http://user@127.0.0.1:80/",
        "http://[",
    ],
)
async def test_a_url_of_the_inside_is_not_fetched(url: str) -> None:
    with pytest.raises(InvalidImageInput):
        await ImageFetcher().fetch(url, asyncio.get_running_loop().time() + 1)


class Names(AbstractResolver):
    """Knows one name, by the addresses it was made with."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self._addresses
        ]

    async def close(self) -> None: ...


async def test_a_name_is_refused_if_any_of_its_addresses_is_of_the_inside() -> None:
    assert len(await PublicResolver(Names("93.184.215.14", "8.8.8.8")).resolve("example.com")) == 2
    for address in ("127.0.0.1", "fe80::1%eth0", "169.254.169.254"):
        with pytest.raises(InvalidImageInput, match="not public"):
            await PublicResolver(Names("93.184.215.14", address)).resolve("example.com")
