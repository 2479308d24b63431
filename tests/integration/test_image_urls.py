"""Images by URL: from public addresses only, unless the deployment allows the others."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from flow_runtime.contracts.settings import ImageURLs
from tests.unit.flow_helpers import write_flow
from tests.unit.server_helpers import Pod

DAG = """
    inputs: {picture: {type: image}}
    outputs: {bytes: {type: string, reference: "${look.output}"}}
    nodes: [{name: look, type: python, source: {path: look.py}, inputs: {picture: "${inputs.picture}"}}]
"""
LOOK = """
    from promptflow.core import tool
    from promptflow.contracts.multimedia import Image

    @tool
    def look(picture: Image) -> str:
        return bytes(picture).decode()
"""


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """An image that only those inside can reach."""

    async def picture(_: web.Request) -> web.Response:
        return web.Response(body=b"a picture", content_type="image/png")

    app = web.Application()
    app.router.add_get("/picture.png", picture)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/picture.png"
    await runner.cleanup()


@pytest.mark.parametrize(
    ("allowed", "status", "said"), [(ImageURLs.PUBLIC, 400, "not public"), (ImageURLs.ANY, 200, "a picture")]
)
async def test_an_image_of_an_inner_address_is_fetched_only_where_that_is_allowed(
    allowed: ImageURLs, status: int, said: str, url: str, tmp_path: Path
) -> None:
    flow = write_flow(tmp_path / "flow", DAG, look_py=LOOK)
    pod = await Pod(tmp_path, flow, image_urls=allowed).start()
    answer = await pod.score({"picture": {"data:image/png;url": url}})
    assert (answer.status, said in answer.body.decode()) == (status, True), answer.body
    await pod.runtime.close()
