"""How a URL is reached, and the head that each request to it begins with. Pure."""

import base64
from typing import NamedTuple
from urllib.parse import quote

from yarl import URL

from flow_runtime.llm.proxies import Proxies

USER_AGENT = "flow-operator"
_TARGET = "/%:=&?~+!$,;'@()*[]"


class Route(NamedTuple):
    """How a URL is reached, and what is the same in each request to it."""

    host: str
    port: int
    tls: bool
    proxy: URL | None
    head: str

    @property
    def key(self) -> tuple[object, ...]:
        """What a connection must have in common with it."""
        return self[:4]


def route_to(url: str, proxies: Proxies) -> Route:
    """Find the way. Raises ValueError for what cannot be asked, ConnectionInvalid for what is no proxy."""
    parsed = URL(url, encoded=True)
    if parsed.scheme not in ("http", "https") or not parsed.raw_host or parsed.user or parsed.password:
        raise ValueError("no URL that can be asked")
    host = parsed.raw_host if parsed.raw_host.isascii() else parsed.raw_host.encode("idna").decode()
    if not host.isprintable() or " " in host:
        raise ValueError("no URL that can be asked")
    port, tls, proxy = parsed.port or 0, parsed.scheme == "https", proxies.to(parsed)
    name = authority(host, port, (443 if tls else 80))
    target, right = quote(parsed.raw_path_qs, safe=_TARGET), ""
    if proxy is not None and not tls:
        target, right = f"http://{name}{target}", credentials(proxy)
    head = (
        f"POST {target} HTTP/1.1\r\nhost: {name}\r\nuser-agent: {USER_AGENT}\r\n"
        f"accept-encoding: identity\r\n{right}"
    )
    return Route(host, port, tls, proxy, head)


def authority(host: str, port: int, usual: int = 0) -> str:
    """Write a host and its port, unless it is the usual one."""
    name = f"[{host}]" if ":" in host else host
    return name if port == usual else f"{name}:{port}"


def credentials(proxy: URL) -> str:
    """Write the header that a proxy with a password in its URL asks for, or nothing."""
    if not proxy.user:
        return ""
    secret = base64.b64encode(f"{proxy.user}:{proxy.password or ''}".encode()).decode()
    return f"proxy-authorization: Basic {secret}\r\n"
