"""promptflow.tools.azure_content_safety: texts judged by Azure, and what is to be done about them."""

import json
from enum import StrEnum
from typing import Any

from flow_runtime.flow.shim import web
from flow_runtime.flow.shim.decorators import ToolProvider, tool
from flow_runtime.flow.shim.tool_exceptions import (
    AzureContentSafetyInputValueError,
    AzureContentSafetySystemError,
)
from flow_runtime.llm.connection_services import AzureContentSafetyConnection


class TextCategorySensitivity(StrEnum):
    """How much of a category is let through."""

    DISABLE = "disable"
    LOW_SENSITIVITY = "low_sensitivity"
    MEDIUM_SENSITIVITY = "medium_sensitivity"
    HIGH_SENSITIVITY = "high_sensitivity"


_MEDIUM = TextCategorySensitivity.MEDIUM_SENSITIVITY
_THRESHOLDS = {"disable": None, "low_sensitivity": 6, "medium_sensitivity": 4, "high_sensitivity": 2}
"""The severity from which a text is rejected."""
_OLD_NAMES = {
    "Hate": "hateResult",
    "SelfHarm": "selfHarmResult",
    "Sexual": "sexualResult",
    "Violence": "violenceResult",
}
"""Of categories in the answers of versions other than 2023-10-01."""
_CURRENT = "2023-10-01"


class AzureContentSafety(ToolProvider):
    """A check of texts."""

    def __init__(self, connection: AzureContentSafetyConnection) -> None:
        super().__init__()
        self.connection = connection

    @tool
    def analyze_text(
        self,
        text: str,
        hate_category: str = _MEDIUM,
        sexual_category: str = _MEDIUM,
        self_harm_category: str = _MEDIUM,
        violence_category: str = _MEDIUM,
    ) -> dict[str, Any]:
        """Say what to do. Raises AzureContentSafetyInputValueError, AzureContentSafetySystemError."""
        wanted = {
            "Hate": hate_category,
            "SelfHarm": self_harm_category,
            "Sexual": sexual_category,
            "Violence": violence_category,
        }
        found = self._analysed(text)
        severities = _severities(found, self.connection.api_version == _CURRENT)
        actions = {name: _action(name, how, severities) for name, how in wanted.items()}
        rejected = "Reject" in actions.values() or found.get("blocklistsMatch")
        return {"suggested_action": "Reject" if rejected else "Accept", "action_by_category": actions}

    def _analysed(self, text: str) -> dict[str, Any]:
        connection = self.connection
        url = f"{connection.endpoint}/contentsafety/text:analyze?api-version={connection.api_version}"
        headers = {
            "Ocp-Apim-Subscription-Key": str(connection.api_key),
            "Content-Type": "application/json",
            "ms-azure-ai-sender": "prompt_flow",
        }
        try:
            status, said = web.ask(
                "POST", url, headers, body=json.dumps({"text": text, "blocklistNames": []})
            )
            found: dict[str, Any] = json.loads(said)
        except (OSError, ValueError) as error:
            raise AzureContentSafetySystemError(f"Error in detecting content: {error}") from error
        if status != 200:
            error_message = found.get("error", {}).get("message", status)
            raise AzureContentSafetySystemError(f"Error in detecting content: {error_message}")
        return found


@tool
def analyze_text(
    connection: AzureContentSafetyConnection,
    text: str,
    hate_category: str = _MEDIUM,
    sexual_category: str = _MEDIUM,
    self_harm_category: str = _MEDIUM,
    violence_category: str = _MEDIUM,
) -> dict[str, Any]:
    """Check a text."""
    check = AzureContentSafety(connection).analyze_text
    return check(text, hate_category, sexual_category, self_harm_category, violence_category)  # type: ignore[no-any-return]


def _severities(found: dict[str, Any], current: bool) -> dict[str, Any]:
    if current:
        return {each.get("category"): each.get("severity") for each in found.get("categoriesAnalysis") or ()}
    return {name: (found.get(old) or {}).get("severity") for name, old in _OLD_NAMES.items()}


def _action(category: str, sensitivity: str, severities: dict[str, Any]) -> str:
    if sensitivity not in _THRESHOLDS:
        raise AzureContentSafetyInputValueError(f"Non-supported sensitivity: {sensitivity}")
    severity = severities.get(category)
    if severity is None:
        raise AzureContentSafetySystemError(f"Can not find detection result for {category}")
    threshold = _THRESHOLDS[sensitivity]
    return "Reject" if threshold is not None and severity >= threshold else "Accept"
