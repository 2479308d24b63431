"""Whether spans are sent, and where to: by OpenTelemetry's own variables, which its SDK reads further."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from flow_runtime.contracts.settings import ServerSettings
from flow_runtime.tracing import NoTracing, Tracing

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
SPOKEN = "http/protobuf"
IN_CLUSTER = "KUBERNETES_SERVICE_HOST"
"""What every container of a pod has."""
CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
CONTENT_ON = ("span_only", "span_and_event", "true", "1")
"""Its values today, and those of its first years. Events are not sent, so `event_only` shows nothing."""


def choose(
    environ: Mapping[str, str], settings: ServerSettings, pod: str, say: Callable[[str], None]
) -> Tracing:
    """Trace if an OTLP endpoint is named and the extra is installed; what is in the way is said."""
    if not _wanted(environ):
        return NoTracing()
    if wrong := _wrong(environ):
        say(f"nothing is traced: {wrong}")
        return NoTracing()
    try:
        from flow_runtime.tracing.otel import OTelTracing, exporting_provider
    except ModuleNotFoundError as error:
        named = next(name for name in ENDPOINTS if environ.get(name))
        fix = f"the package {error.name} is missing: pip install 'flow-operator[otel]'"
        say(f"nothing is traced: {named} is set, and {fix}")
        return NoTracing()
    content = environ.get(CONTENT, "").lower() in CONTENT_ON
    provider = exporting_provider(settings, pod, IN_CLUSTER in environ)
    return OTelTracing(provider, content)


def _wanted(environ: Mapping[str, str]) -> bool:
    """Say whether an endpoint is named and no variable says no."""
    off = (
        environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
        or environ.get("OTEL_TRACES_EXPORTER", "").lower() == "none"
        or environ.get("PF_DISABLE_TRACING", "").lower() == "true"
    )
    return not off and any(environ.get(name) for name in ENDPOINTS)


def _wrong(environ: Mapping[str, str]) -> str:
    """Say what keeps the endpoint from being used; its URL may hold credentials and is not shown."""
    protocol = next((name for name in PROTOCOLS if environ.get(name)), None)
    if protocol and environ[protocol].lower() != SPOKEN:
        return f"{protocol}: only {SPOKEN} is spoken here: set it, and an endpoint with such a port (4318)"
    name = next(name for name in ENDPOINTS if environ.get(name))
    try:
        url = urlsplit(environ[name])
        good = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        good = False
    return "" if good else f"{name} must be a URL such as http://collector:4318"
