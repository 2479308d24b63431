"""promptflow.tools.serpapi: a search of the web, asked as promptflow-tools 1.6 asks it."""

import json
import os
from enum import StrEnum
from typing import Any

from flow_runtime.flow.shim import web
from flow_runtime.flow.shim.decorators import ToolProvider, tool
from flow_runtime.flow.shim.tool_exceptions import SerpAPISystemError, SerpAPIUserError
from flow_runtime.llm.connection_services import SerpConnection

STAND_IN = "SERPAPI_BASE_URL"
"""The variable that names a server in the place of SerpAPI: its connections have no address."""


class Engine(StrEnum):
    """Search engines of SerpAPI."""

    GOOGLE = "google"
    BING = "bing"


class SafeMode(StrEnum):
    """SerpAPI's filter of adult content."""

    ACTIVE = "active"
    OFF = "off"


class SerpAPI(ToolProvider):
    """A search of the web."""

    def __init__(self, connection: SerpConnection) -> None:
        super().__init__()
        self.connection = connection

    @tool
    def search(
        self,
        query: str,
        location: str | None = None,
        safe: str = SafeMode.OFF,
        num: int = 10,
        engine: str = Engine.GOOGLE,
    ) -> Any:
        """Search. Raises SerpAPIUserError, SerpAPISystemError."""
        google = str(engine).lower() == Engine.GOOGLE
        params = {"q": query, "api_key": self.connection.api_key, "engine": str(engine), "source": "python"}
        if location is not None:
            params["location"] = location
        if safe == SafeMode.ACTIVE:
            params |= {"safe": "Active"} if google else {"safeSearch": "Strict"}
        if int(num) > 0:
            params["num" if google else "count"] = str(int(num))
        base = os.environ.get(STAND_IN, "https://serpapi.com").rstrip("/")
        try:
            status, text = web.ask("GET", f"{base}/search", params=params)
            if status == 200:
                return json.loads(text)
        except (OSError, ValueError) as error:
            raise SerpAPISystemError(f"SerpAPI search request failed: {error}") from error
        raise (SerpAPISystemError if status >= 500 else SerpAPIUserError)(_said(text))


@tool
def search(
    connection: SerpConnection,
    query: str,
    location: str | None = None,
    safe: str = SafeMode.OFF,
    num: int = 10,
    engine: str = Engine.GOOGLE,
) -> Any:
    """Search the web."""
    return SerpAPI(connection).search(query, location, safe, num, engine)


def _said(text: str) -> str:
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return f"SerpAPI search request failed: {text}"
