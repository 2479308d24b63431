"""Images among a prompty's inputs: texts `data:image/png;base64: ...`, with `url:` and `path:` as well."""

import re
from collections.abc import Mapping
from typing import Any

from flow_runtime.flow.errors import InvalidImageInput
from flow_runtime.flow.image import Image
from flow_runtime.flow.image_url import ImageFetcher
from flow_runtime.flow.images import BASIC, Link, read_image
from flow_runtime.flow.prompty.document import Document

_PREFIX = "data:image/"
_TEXT = re.compile(r"(data:image/[^;:\s]+;(?:base64|url|path)):\s*(.*)", re.DOTALL)


async def with_images(
    document: Document, values: Mapping[str, Any], fetcher: ImageFetcher, deadline: float, trusted: bool
) -> Mapping[str, Any]:
    """Put images in the place of texts that stand for some. Raises InvalidImageInput, with the input's name.

    A path leads into the prompty's folder; it is taken from its own defaults and, if `trusted`, from values.
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        written = _TEXT.fullmatch(value) if isinstance(value, str) and value.startswith(_PREFIX) else None
        if written is None:
            continue
        own = trusted or value == document.inputs.get(name, {}).get("default")
        try:
            image = read_image({written[1]: written[2]}, BASIC, document.path.parent if own else None)
        except ValueError as error:
            raise InvalidImageInput(f"input '{name}': {error}") from None
        if isinstance(image, Link):
            image = Image(await fetcher.fetch(image.url, deadline), image.mime_type, image.url)
        found[name] = image
    return {**values, **found} if found else values
