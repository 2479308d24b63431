"""The life of a serving process: load the flow, resolve connections, keep trying, say how it stands.

A flow that cannot load or a Secret that is missing never ends the process; it is not ready and says why.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flow_runtime.contracts.settings import ImageURLs, ServerSettings, SpoolSettings
from flow_runtime.contracts.state import CollectionState, PodState
from flow_runtime.flow import source
from flow_runtime.flow.errors import FlowDefinitionError, FlowLoadError, GetConnectionError
from flow_runtime.flow.image_url import ImageFetcher
from flow_runtime.flow.load import Loaded, load_flow
from flow_runtime.flow.run import Services
from flow_runtime.flow.shim.decorators import trace_by
from flow_runtime.flow.threads import Threads
from flow_runtime.llm.call import ChatModel
from flow_runtime.llm.connection import Connections
from flow_runtime.server import log
from flow_runtime.server.collection import SpoolSeen, collection_state
from flow_runtime.server.connection_metrics import ConnectionMetrics
from flow_runtime.server.metrics import Metrics
from flow_runtime.server.recorder import Recorder
from flow_runtime.server.secrets import SecretWatch, clean_message
from flow_runtime.server.served import Served
from flow_runtime.server.spool_metrics import SpoolMetrics
from flow_runtime.spool import SpoolWriter, read_collector_state, used_bytes, waiting_since
from flow_runtime.tracing import OFF, Tracing

LOADING, FLOW_INVALID, CONNECTION_INVALID, READY = "Loading", "FlowInvalid", "ConnectionInvalid", "Ready"
TICK_SECONDS = 1.0
THREADS_MAX = 64


class Runtime:
    """What a pod serves and how it stands."""

    def __init__(
        self,
        settings: ServerSettings,
        pod: str,
        connections: Connections,
        llm: ChatModel,
        enter: Callable[[Path], None] = source.enter,
        tracing: Tracing = OFF,
    ) -> None:
        self.settings = settings
        self.pod = pod
        self.metrics = Metrics()
        self.served: Served | None = None
        self.recorder: Recorder | None = None
        self.feedback: SpoolWriter | None = None
        threads = Threads(min(THREADS_MAX, max(4, settings.max_concurrent_requests)))
        images = ImageFetcher(allow_private=settings.image_urls is ImageURLs.ANY)
        self.tracing = tracing
        self.services = Services(tracing.llm(llm, connections.get), connections.get, threads, images)
        self._connections = connections
        self._secrets = SecretWatch(connections)
        self.metrics.registry.register(ConnectionMetrics(connections))
        self._enter = enter
        self._flow_problem = ""
        self.refused: FlowLoadError | None = None
        """Why the flow could not be loaded, with all that is wrong with it."""
        self._lacks_connection = False
        """Whether the flow could not be loaded for want of a Secret that may yet come."""
        self._spool_problem = ""
        self._ticker: asyncio.Task[None] | None = None
        if settings.collection is not None:
            kept = settings.collection.spool
            spool = _writer(kept)
            self.recorder = Recorder(settings, settings.collection, pod, spool)
            self.metrics.registry.register(SpoolMetrics(kept.directory, spool))
            own = kept.feedback
            with contextlib.suppress(OSError):  # a spool that cannot be written says so itself
                own.directory.mkdir(exist_ok=True)
            self.feedback = _writer(own)

    @property
    def flow(self) -> Loaded | None:
        """The loaded flow."""
        return self.served.flow if self.served else None

    @property
    def ready(self) -> bool:
        """Whether requests can be served."""
        return self.served is not None and self._connections.resolved

    @property
    def reason(self) -> tuple[str, str]:
        """Why it is ready or not: a CamelCase word, and a sentence for a human."""
        if self._lacks_connection:
            return CONNECTION_INVALID, clean_message(f"{self._secrets.problem}; {self._flow_problem}")
        if self._flow_problem:
            return FLOW_INVALID, self._flow_problem
        if not self._connections.resolved and self._secrets.problem:
            return CONNECTION_INVALID, self._secrets.problem
        if not self.ready:
            return LOADING, "the flow is being loaded"
        return READY, self._secrets.problem

    async def start(self) -> None:
        """Resolve connections, load the flow, and go on watching both until close."""
        self.refresh()
        await self.load()
        self._ticker = asyncio.create_task(self._tick())

    async def close(self) -> None:
        """Stop watching and hand the last records over."""
        if self._ticker is not None:
            self._ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticker
        if self.recorder is not None:
            self.recorder.spool.close()
        if self.feedback is not None:
            self.feedback.close()
        await self.tracing.close()

    async def load(self) -> None:
        """Load the flow in a thread: importing a user's code takes what it takes."""
        resolved, self._lacks_connection = self._connections.resolved, False
        try:
            served = await _in_daemon_thread(self._load)
            if self.recorder is not None:
                self.recorder.hide(served.secrets)
            self.served = served
            self._flow_problem = ""
        except FlowLoadError as error:
            lacks = any(isinstance(each, GetConnectionError) for each in (error, *error.others))
            self._lacks_connection = lacks and not resolved
            self.refused = error
            self._flow_problem = clean_message(f"{error.name}: {error}{error.more}")
            log.problem("the flow cannot be loaded", error=error.name, detail=self._flow_problem)
        except Exception as error:  # noqa: BLE001 - whatever it is, a pod that never gets ready must say so
            kind = type(error).__name__
            self._flow_problem = f"InternalError: loading failed with {kind}; the pod's log says where"
            log.LOGGER.error("the flow cannot be loaded, for a reason nobody has thought of", exc_info=error)

    def refresh(self) -> None:
        """Read the connections again."""
        self._secrets.refresh(self.flow)

    def state(self) -> PodState:
        """Say how the pod stands, for the operator."""
        reason, message = self.reason
        return PodState(
            revision=self.settings.revision,
            ready=self.ready,
            reason=reason,
            message=message,
            flow=self.flow.shape if self.flow else None,
            collection=self._collection(),
        )

    def _collection(self) -> CollectionState | None:
        if self.recorder is None or self.settings.collection is None:
            return None
        spool, kept = self.recorder.spool, self.settings.collection.spool
        seen = SpoolSeen(
            counts=spool.counts,
            collector=read_collector_state(kept.directory),
            size_mib=kept.size_mib,
            used_bytes=used_bytes(kept.directory),
            waiting_since=waiting_since(kept.directory),
            problem=spool.problem,
        )
        state = collection_state(seen, datetime.now(UTC))
        return state.model_copy(update={"message": clean_message(state.message)})

    def _load(self) -> Served:
        directory = source.unpack(self.settings.flow, self.settings.work / "flow")
        self._enter(directory)
        trace_by(self.tracing.function)
        connections = self._connections
        try:
            flow = load_flow(directory, connections.types, self.settings.variant, connections.get)
        except GetConnectionError as error:
            error.args = ("; ".join([str(error), *connections.unusable.values()]),)
            raise
        wanted = self.settings.collection.capture_nodes if self.settings.collection else ()
        if missing := sorted(set(wanted) - {node.name for node in flow.nodes}):
            raise FlowDefinitionError(
                f"collection.captureNodes names '{missing[0]}', which is no node of the flow"
            )
        return Served.of(self.tracing.flow(flow), self.settings.identity.deployment, directory, os.environ)

    async def tick(self) -> None:
        """Do what is due each second: seal segments, look at the Secrets, load what waited for one."""
        if self.recorder is not None:
            self._tick_spool(self.recorder.spool)
        if self.feedback is not None:
            self.feedback.tick()
        self._secrets.tick(self.flow)
        if self._lacks_connection and self._connections.resolved:
            await self.load()

    def _tick_spool(self, spool: SpoolWriter) -> None:
        spool.tick()
        if spool.problem and spool.problem != self._spool_problem:
            log.problem("records are dropped", detail=spool.problem)
        self._spool_problem = spool.problem

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            await self.tick()


def _writer(kept: SpoolSettings) -> SpoolWriter:
    return SpoolWriter(kept.directory, kept.size_mib, kept.seal_after_seconds, kept.seal_mib)


async def _in_daemon_thread(call: Callable[[], Served]) -> Served:
    """Run a call in a thread that cannot keep the process from ending."""
    result: Served = await Threads(1).run(call)
    return result
