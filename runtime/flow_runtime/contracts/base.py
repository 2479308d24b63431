"""What all contracts share: ports, paths, limits and the strict model."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

SERVER_PORT = 8080
"""Clients: /score, /health, /version, /. On the Service."""
METRICS_PORT = 9090
"""Prometheus and the operator: /metrics, /state, /livez. Never on the Service."""

SETTINGS_FILE = Path("/settings/settings.json")
"""Where each container of ours finds its settings, mounted from a ConfigMap."""
FETCH_FILE = Path("/settings/fetch.json")
"""The same of the init container that fetches a flow."""
TERMINATION_LOG = Path("/dev/termination-log")
TERMINATION_LIMIT = 4096
"""Bytes of a termination message that the kubelet keeps."""
DRAIN_SECONDS = 30
"""Of a pod's grace period, for the collector, after the last request has ended."""
STATE_LIMIT = 16 * 1024
"""Bytes of a pod's /state that the operator reads."""


class Contract(BaseModel):
    """Frozen, and a tolerant reader: its two ends may be of different releases."""

    model_config = ConfigDict(extra="ignore", frozen=True)
