"""Operator to server, collector and evaluator: the settings.json of each."""

import json
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from flow_runtime.contracts.base import Contract
from flow_runtime.contracts.store import StoreSettings as StoreSettings


class ConnectionType(StrEnum):
    """The types a connection can have, by promptflow's names. A judge's has one of the first two."""

    OPENAI = "OpenAI"
    AZURE_OPENAI = "AzureOpenAI"
    SERVERLESS = "Serverless"
    AZURE_AI_SERVICES = "AzureAIServices"
    COGNITIVE_SEARCH = "CognitiveSearch"
    AZURE_CONTENT_SAFETY = "AzureContentSafety"
    FORM_RECOGNIZER = "FormRecognizer"
    SERP = "Serp"
    QDRANT = "Qdrant"
    WEAVIATE = "Weaviate"
    CUSTOM = "Custom"


class ConnectionSettings(Contract):
    """A connection: its fields are files of `directory` (api_key, base_url | api_base, api_version, ...).

    Of a Custom one, the files `configs.<key>` are configs; all others are secrets.
    """

    name: str
    type: ConnectionType
    directory: Path
    secret_name: str = ""
    """What the Secret is called in the cluster: for messages only."""


class Identity(Contract):
    """Which deployment a process belongs to; the prefix of everything it stores."""

    cluster: str = "default"
    namespace: str
    deployment: str


class SpoolSettings(Contract):
    """The bounded directory between server and collector."""

    directory: Path = Path("/spool")
    size_mib: int = 64
    seal_mib: float = 8
    """A segment of that size is sealed, or of a fifth of the spool where that is less."""
    seal_after_seconds: float = 60.0

    @property
    def feedback(self) -> "SpoolSettings":
        """The spool of feedback: a folder in this one, out of the share that records leave free."""
        return SpoolSettings(
            directory=self.directory / "feedback",
            size_mib=max(1, self.size_mib // 16),
            seal_mib=self.seal_mib,
            seal_after_seconds=self.seal_after_seconds,
        )


class RedactKey(Contract):
    """What becomes of the values of one key: `Drop`, `Mask` or `Hash`.

    A name that begins with inputs., outputs., nodes. or feedback. is a path; any other is a key's, anywhere.
    """

    model_config = ConfigDict(extra="allow")

    name: str
    action: str


class RedactSettings(Contract):
    """What the collector takes out before it stores. It stores nothing while it cannot understand them.

    So nothing is refused here, and a field of a newer release is kept to be seen.
    """

    model_config = ConfigDict(extra="allow")

    keys: tuple[RedactKey, ...] = ()
    patterns: tuple[str, ...] = ()
    """Kinds that are looked for in all texts: email, phone, creditCard, iban, ipv4, ipv6, jwt, cloudKey."""
    hash_key: Path | None = None
    """The folder that the Secret with the file `hash_key` is mounted at; read anew for each segment."""
    hash_key_secret: str = ""
    """What the Secret is called in the cluster: for messages only."""


class CollectionSettings(Contract):
    """What is kept of the traffic, and where. Absent from the settings when nothing is collected."""

    store: StoreSettings
    spool: SpoolSettings = SpoolSettings()
    capture_nodes: tuple[str, ...] = ()
    """Nodes whose outputs are kept with the record."""
    sampling_percent: int = 100
    """Of the requests that succeed; all that fail are kept."""
    redact: RedactSettings = RedactSettings()
    user: str = ""
    """Who asked: a header's name or the path of an input (`inputs.customer.id`); only its hash is stored."""
    keep_images: bool = False
    """Store images whole; else each becomes its digest."""


class Errors(StrEnum):
    """What a failure of the flow is to the caller."""

    HONEST = "Honest"
    """502, 503 and 504 for the LLM's failures, 500 for the flow's."""
    STRICT = "Strict"
    """promptflow's codes: 400 for all of them."""


class ImageURLs(StrEnum):
    """From where images that inputs name by URL are fetched."""

    PUBLIC = "Public"
    """Public addresses only."""
    ANY = "Any"


class ServerSettings(Contract):
    """What a serving pod needs to know. Part of the revision, so it never changes under a running pod."""

    identity: Identity
    revision: str
    flow: Path = Path("/flow")
    """A folder that holds the flow's files, or one flow.tar.gz."""
    variant: str = ""
    """`node.variant_id`: another body for one node than its default."""
    work: Path = Path("/work")
    """A writable folder, empty at start."""
    connections: tuple[ConnectionSettings, ...] = ()
    request_timeout_seconds: float = 60
    max_concurrent_requests: int = 64
    body_limit_bytes: int = 5 * 1024 * 1024
    """Of a request; more is a 413."""
    errors: Errors = Errors.HONEST
    image_urls: ImageURLs = ImageURLs.PUBLIC
    collection: CollectionSettings | None = None


class MetricSettings(Contract):
    """One judged quality: a row passes at `row_threshold` of 5, a run at `pass_rate_percent`."""

    name: str
    row_threshold: int = 3
    pass_rate_percent: int = 70


class Mapping(Contract):
    """Dotted paths into a record (`inputs.query`, `outputs.reply`, `nodes.fetch.docs`)."""

    prompt: str
    completion: str
    context: str = ""


class JudgeSettings(Contract):
    """The LLM that scores records."""

    connection: ConnectionSettings
    model: str
    concurrency: int = 8
    timeout_seconds: float = 60
    max_attempts: int = 4


class VerdictSettings(Contract):
    """When a run may claim anything at all."""

    min_samples: int = 30
    confidence_percent: int = 95
    min_coverage_percent: int = 90
    min_evaluable_percent: int = 80


class EvaluatorSettings(Contract):
    """What one run of a FlowMonitor needs to know."""

    identity: Identity
    monitor: str
    store: StoreSettings
    lookback_seconds: int
    offset_seconds: int = 0
    """Only for scheduled runs: a run started by hand looks at everything up to now."""
    max_records: int = 200
    seed: int = 0
    mapping: Mapping
    judge: JudgeSettings
    metrics: tuple[MetricSettings, ...]
    verdict: VerdictSettings = VerdictSettings()
    deadline_seconds: int = 3600


def settings_json(settings: BaseModel) -> str:
    """Render settings the one way: sorted, so that equal settings are equal bytes."""
    return json.dumps(settings.model_dump(mode="json"), sort_keys=True, indent=1, ensure_ascii=False)
