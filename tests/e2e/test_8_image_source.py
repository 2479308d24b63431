"""A flow that is baked into an image on top of the runtime, referred to by digest."""

import pytest

from tests.e2e import images, manifests, resources, waits
from tests.e2e.world import World


@pytest.fixture(scope="module")
def reference(world: World, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image's reference by digest."""
    context = tmp_path_factory.mktemp("image")
    for name, text in resources.flow_files().items():
        (context / name).write_text(text)
    (context / "Dockerfile").write_text(f"FROM {world.images['RUNTIME']}\nCOPY *.* /flow/\n")
    return images.pinned(world, "e2e-flow", context)


def test_a_flow_from_an_image_answers(world: World, reference: str) -> None:
    flow = {"image": {"reference": reference, "path": "/flow"}}
    world.kubectl.apply(resources.flow_deployment("baked", replicas=1, flow=flow))
    world.until_served("baked")
    status, reply = world.ask(5, 1, "baked")[5]
    assert status == 200
    assert "15 dollars" in reply
    (pod,) = world.kubectl.list("pods", world.pods_of("baked"))
    assert pod["spec"]["containers"][0]["image"] == reference
    assert manifests.BOT != "baked"
    world.kubectl("delete", "fd", "baked")


def test_an_image_by_tag_is_refused_in_words(world: World) -> None:
    flow = {"image": {"reference": "flow-operator/e2e-flow:dev"}}
    said = waits.refused(lambda: world.kubectl.apply(resources.flow_deployment("tagged", flow=flow)))
    assert "spec.flow.image.reference" in said
    assert "sha256" in said
