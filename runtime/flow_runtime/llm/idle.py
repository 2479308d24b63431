"""Connections that wait for their next request. Pure: the clock is an argument."""

from flow_runtime.llm.http1 import Connection

IDLE_SECONDS = 15.0
"""Less than most servers and load balancers wait before they close a connection."""


class Idle:
    """Connections by what they lead to; `now` is in seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[object, ...], list[tuple[Connection, float]]] = {}

    def put(self, key: tuple[object, ...], connection: Connection, now: float) -> None:
        """Keep one."""
        self._by_key.setdefault(key, []).append((connection, now))

    def take(self, key: tuple[object, ...], now: float) -> Connection | None:
        """Give the one that waits for the shortest time, so that those too many grow old."""
        waiting = self._by_key.get(key)
        while waiting:
            connection, since = waiting.pop()
            if connection.usable:
                if since >= now - IDLE_SECONDS:
                    return connection
                connection.abort()
        return None

    def sweep(self, now: float) -> bool:
        """Close what is too old, forget what is closed. Says whether any is left."""
        for key, waiting in list(self._by_key.items()):
            kept = []
            for each in waiting:
                if each[1] < now - IDLE_SECONDS:
                    each[0].abort()
                elif each[0].usable:
                    kept.append(each)
            if kept:
                self._by_key[key] = kept
            else:
                del self._by_key[key]
        return bool(self._by_key)

    def close(self) -> None:
        """Close all."""
        for waiting in self._by_key.values():
            for connection, _ in waiting:
                connection.abort()
        self._by_key.clear()
