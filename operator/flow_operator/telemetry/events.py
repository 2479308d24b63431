"""Events about our resources, named by what they say: saying it again, after a restart too, makes no new one.

An Event is a courtesy: one that cannot be written is logged and forgotten.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from flow_operator.errors import Permanent, Temporary
from flow_operator.kube import Kube, Manifest
from flow_operator.manifests.names import digest
from flow_operator.resources import EVENT
from flow_operator.status.text import clean

NOTE_LIMIT = 1000
"""Bytes are limited to 1024 by the API; a character may take several, so the note is cut by bytes too."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Note:
    """Something worth telling, once per `key`."""

    type: Literal["Normal", "Warning"]
    reason: str
    action: str
    text: str
    key: str


class Events:
    """Writes Events of events.k8s.io/v1."""

    def __init__(self, kube: Kube, instance: str) -> None:
        self._kube = kube
        self._instance = instance

    async def post(self, about: Manifest, notes: list[Note]) -> None:
        """Write the notes that were not written before."""
        for note in notes:
            try:
                await self._kube.create(EVENT, self._event(about, note))
            except (Temporary, Permanent) as error:
                log.warning("could not write an Event", extra={"reason": note.reason, "error": str(error)})

    def _event(self, about: Manifest, note: Note) -> dict[str, Any]:
        meta = about["metadata"]
        text = clean(note.text, NOTE_LIMIT).encode()[:NOTE_LIMIT].decode(errors="ignore")
        regarding = {key: meta[key] for key in ("name", "namespace", "uid")}
        return {
            "apiVersion": EVENT.api_version,
            "kind": EVENT.kind,
            "metadata": {
                "name": f"{meta['name']}.{digest([meta['uid'], note.reason, note.key])}",
                "namespace": meta["namespace"],
            },
            "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "type": note.type,
            "reason": note.reason,
            "action": note.action,
            "note": text,
            "regarding": regarding | {"apiVersion": about["apiVersion"], "kind": about["kind"]},
            "reportingController": "flowoperator.dev/flow-operator",
            "reportingInstance": self._instance,
        }
