"""Images among the inputs and outputs of a flow, in promptflow's two forms (`basic` and `openai-vision`).

A path is taken only from the flow's own files, never from a request: it would read the server's disk.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flow_runtime.flow.errors import InvalidImageInput, NodeInputValidationError
from flow_runtime.flow.image import Image
from flow_runtime.flow.run import Run

BASIC, VISION = "basic", "openai-vision"
_KEY = re.compile(r"data:(image/.*);(path|base64|url)")
_DATA_URL = re.compile(r"data:(image/[^,]*);base64")


@dataclass(frozen=True, slots=True)
class Link:
    """An image that is yet to be fetched."""

    url: str
    mime_type: str | None = None


@dataclass(frozen=True)
class Images:
    """Which inputs of a flow are images, or may hold some, and in which form."""

    message_format: str
    whole: frozenset[str]
    """Inputs of type image."""
    deep: frozenset[str]
    """Inputs of type list and object."""

    async def load(self, run: Run) -> dict[str, Any]:
        """Give the run's inputs with their images as Image. Raises InvalidImageInput, with the name."""
        inputs = dict(run.inputs)
        for name, value in run.inputs.items():
            links: dict[Link, Image] = {}
            try:
                if name in self.whole:
                    inputs[name] = self._whole(value, links)
                elif name in self.deep and self._may_hold(value):
                    inputs[name] = self._deep(value, links)
            except (ValueError, RecursionError) as error:
                raise InvalidImageInput(f"input '{name}': {error}") from None
            if links:
                for link in links:
                    content = await run.services.images.fetch(link.url, run.deadline)
                    links[link] = Image(content, link.mime_type, link.url)
                inputs[name] = _fetched(inputs[name], links)
        return inputs

    def _may_hold(self, value: Any) -> bool:
        """Say whether a look inside is worth while: chat histories are long, and mostly hold no image."""
        if isinstance(value, dict):
            if self.message_format == VISION:
                if "type" in value:
                    return True
            elif len(value) == 1 and str(next(iter(value))).startswith("data:"):
                return True
            value = value.values()
        elif not isinstance(value, list):
            return False
        for item in value:  # noqa: SIM110 - any() takes twice as long, and this is done for each request
            if type(item) is not str and self._may_hold(item):
                return True
        return False

    def _whole(self, value: Any, links: dict[Link, Image]) -> Any:
        if isinstance(value, list):
            return [self._whole(item, links) for item in value]
        return _noted(read_image(value, self.message_format), links)

    def _deep(self, value: Any, links: dict[Link, Image]) -> Any:
        if isinstance(value, list):
            return [self._deep(item, links) for item in value]
        if not isinstance(value, dict):
            return value
        if is_image(value, self.message_format):
            return _noted(read_image(value, self.message_format), links)
        if self.message_format == VISION and value.keys() == {"type", "text"} and value["type"] == "text":
            inner = value["text"]
            text = inner.get("value") if isinstance(inner, dict) else inner
            return text if isinstance(text, str) else value
        return {key: self._deep(item, links) for key, item in value.items()}


def is_image(value: Mapping[Any, Any], message_format: str) -> bool:
    """Say whether an object is an image in this form."""
    if message_format == VISION:
        kind = value.get("type")
        wanted = {"image_url": "url", "image_file": "path"}.get(kind) if isinstance(kind, str) else None
        inner = value[kind] if wanted is not None and kind in value else None
        return len(value) == 2 and isinstance(inner, dict) and wanted in inner
    if len(value) != 1:
        return False
    key = next(iter(value))
    return isinstance(key, str) and _KEY.fullmatch(key) is not None


def read_image(value: Any, message_format: str, root: Path | None = None) -> Image | Link:
    """Read an image as it is written; `root` is where paths may lead. Raises ValueError."""
    if isinstance(value, Image):
        return value
    if isinstance(value, str):
        return _read_text(value, None, root)
    if not isinstance(value, dict):
        raise ValueError(f"an image is a text or an object, not {type(value).__name__}")
    if not is_image(value, message_format):
        form = (
            '{"type": "image_url", "image_url": {"url": ...}}'
            if message_format == VISION
            else '{"data:image/<type>;base64": ...} or with ;url'
        )
        raise ValueError(f"an image of a flow with message_format {message_format} is written as {form}")
    if message_format == VISION:
        inner = value[value["type"]]
        return _read_as(inner["url"], "") if "url" in inner else _from_file(inner["path"], None, root)
    key, content = next(iter(value.items()))
    found = _KEY.fullmatch(key)
    if found is None:
        raise AssertionError(key)
    if found[2] == "path":
        return _from_file(content, found[1], root)
    return _read_as(content, found[2], found[1])


def literal_image(node: str, name: str, value: Any, message_format: str, root: Path) -> Image:
    """Read an image that is written in the flow. Raises NodeInputValidationError."""
    try:
        found = read_image(value, message_format, root)
    except ValueError as error:
        raise NodeInputValidationError(f"node '{node}', input '{name}': {error}") from None
    if isinstance(found, Link):
        raise NodeInputValidationError(
            f"node '{node}', input '{name}': put the image into the flow's folder, and name its file"
        )
    return found


def shown(value: Any, message_format: str) -> Any:
    """Write the images of an output as objects with base64."""
    if isinstance(value, Image):
        if message_format == VISION:
            return {"type": "image_url", "image_url": {"url": value.data_url}}
        return {f"data:{value.mime_type};base64": value.to_base64()}
    if isinstance(value, list):
        return [shown(item, message_format) for item in value]
    if isinstance(value, dict):
        return {key: shown(item, message_format) for key, item in value.items()}
    return value


def _noted(found: Image | Link, links: dict[Link, Image]) -> Image | Link:
    if isinstance(found, Link):
        links[found] = Image(b"")
    return found


def _fetched(value: Any, links: Mapping[Link, Image]) -> Any:
    """Put what was fetched in the place of its link."""
    if isinstance(value, Link):
        return links[value]
    if isinstance(value, list):
        return [_fetched(item, links) for item in value]
    if isinstance(value, dict):
        return {key: _fetched(item, links) for key, item in value.items()}
    return value


def _read_as(value: Any, kind: str, mime_type: str | None = None) -> Image | Link:
    """Read what says it is base64 or a URL; an empty kind may be either."""
    if not isinstance(value, str):
        raise ValueError(f"an image's content is a text, not {type(value).__name__}")
    if kind != "url" and (content := _decoded(value)) is not None:
        return Image(content, mime_type)
    if kind != "base64" and _is_url(value):
        return Link(value, mime_type)
    raise ValueError(f"a text of {len(value)} characters is no image: it is neither base64 nor a URL")


def _read_text(value: str, mime_type: str | None, root: Path | None) -> Image | Link:
    if not value:
        raise ValueError("an image cannot be empty")
    if (content := _decoded(value)) is not None:
        return Image(content, mime_type)
    return Link(value, mime_type) if _is_url(value) else _from_file(value, mime_type, root)


def _from_file(name: Any, mime_type: str | None, root: Path | None) -> Image:
    if root is None:
        raise ValueError("an image is given as base64 or a URL: a path is taken in the flow's own files only")
    try:
        path = (root / str(name)).resolve()
        if path.is_relative_to(root.resolve()):
            return Image(path.read_bytes(), mime_type)
    except (OSError, ValueError):  # not there, or a name that no file can have
        pass
    raise ValueError(f"there is no image '{name}' in the flow's folder")


def _decoded(value: str) -> bytes | None:
    """Decode base64, bare or as a data URL; None if it is neither."""
    head, comma, rest = value.partition(",")
    if comma and not _DATA_URL.fullmatch(head):
        return None
    try:
        return base64.b64decode(rest if comma else head, validate=True)
    except (binascii.Error, ValueError):
        return None


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc)
