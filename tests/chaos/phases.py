"""The faults, one after another; each says what it did, and is an error if nobody felt it."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.place import PODS, SPOOL_MIB
from tests.chaos.scene import Scene
from tests.e2e import waits

SMALL = 200
"""Characters of an answer."""
MIB = 1024 * 1024
REFUSING_SECONDS, HANGING_SECONDS, WRONG_SECONDS = 120.0, 120.0, 60.0
"""A hang is felt late: a segment is sealed within 60 s, and a PUT is given up after 30."""


@dataclass(frozen=True)
class Phase:
    """A fault while an equal share of the requests is sent."""

    name: str
    act: Callable[[Scene, random.Random], str]
    seconds: float = 0
    """Over how long the requests are spread in waves; 0: all at once."""
    fills: bool = False
    """The answers are so large that together they are four times what the spools hold."""

    def size(self, share: int) -> int:
        """Characters of an answer, of so many."""
        return 4 * PODS * SPOOL_MIB * MIB // share if self.fills else SMALL


def kill_collectors(scene: Scene, draw: random.Random) -> str:
    """SIGKILL to the collectors of all three pods, one after another."""
    return _kill(scene, draw, "collector")


def kill_servers(scene: Scene, draw: random.Random) -> str:
    """SIGKILL to the servers of all three pods, one after another."""
    return _kill(scene, draw, "server")


def _kill(scene: Scene, draw: random.Random, container: str) -> str:
    pods = scene.pods()
    for pod in draw.sample(pods, len(pods)):
        time.sleep(draw.uniform(0.2, 1.5))
        scene.kill(pod, container)
    return f"{len(pods)} × SIGKILL of a {container}"


def delete_pod(scene: Scene, draw: random.Random) -> str:
    """Delete a pod while all is well with the store: it takes nothing with it."""
    scene.end(draw.choice(scene.pods()))
    return "a pod deleted"


def lose_pod(scene: Scene, draw: random.Random) -> str:
    """Delete a pod while the store stays away for longer than the pod's grace period."""
    scene.store_is("503")
    pod = draw.choice(scene.pods())
    scene.look()
    said = scene.end(pod)
    scene.store_is("ok")
    numbers = f"{said.first_segment} to {said.last_segment}"
    return f"a pod deleted, no store: it reports {said.records} records, segments {numbers}, {said.reason}"


def refuse(scene: Scene, draw: random.Random) -> str:
    """The store answers 503."""
    return _store(scene, "503", REFUSING_SECONDS, "StoreUnreachable")


def hang(scene: Scene, draw: random.Random) -> str:
    """The store accepts and does not answer."""
    return _store(scene, "hang", HANGING_SECONDS, "StoreUnreachable")


def _store(scene: Scene, mode: str, seconds: float, reason: str) -> str:
    before = scene.store_is(mode).get(mode, 0)
    begun = time.monotonic()
    waits.until(f"{reason} in all pods", lambda: set(scene.reasons()) == {reason}, seconds, every=2)
    time.sleep(max(0.0, seconds - (time.monotonic() - begun)))
    felt = scene.store_is("ok")[mode] - before
    return f"{mode} for {seconds:.0f} s, {felt} requests of collectors"


def wrong_credentials(scene: Scene, draw: random.Random) -> str:
    """The Secret holds a wrong key, and the collectors have to read it."""
    scene.give_secret(secret_key="wrong")
    scene.store_is("reset")
    waits.until("a failure in all pods", lambda: all(scene.reasons()), 60, every=1)
    scene.store_is("ok")
    waits.until(
        "StoreUnauthorized in all pods", lambda: set(scene.reasons()) == {"StoreUnauthorized"}, 60, every=1
    )
    time.sleep(WRONG_SECONDS)
    scene.give_secret()
    return f"wrong credentials for more than {WRONG_SECONDS} s, StoreUnauthorized in all pods"


def fill_spools(scene: Scene, draw: random.Random) -> str:
    """Large answers while the store cuts all connections, until spools are full."""

    def full() -> bool:
        return all(sum(each.dropped.values()) for each in scene.look().values())

    scene.store_is("reset")
    waits.until("drops in all pods", full, 90, every=1)
    scene.store_is("ok")
    dropped = sum(sum(each.dropped.values()) for each in scene.until_drained().values())
    return f"spools full, {dropped:,} records dropped"


OUTAGE = 20
"""Seconds of requests before and after a fault that lasts, together."""
PHASES = (
    Phase("collector", kill_collectors),
    Phase("server", kill_servers),
    Phase("pod", delete_pod),
    Phase("refused", refuse, REFUSING_SECONDS + OUTAGE),
    Phase("hang", hang, HANGING_SECONDS + OUTAGE),
    Phase("credentials", wrong_credentials, WRONG_SECONDS + 2 * OUTAGE),
    Phase("full", fill_spools, fills=True),
)
"""In an order that is drawn."""
LAST = Phase("lost", lose_pod)
