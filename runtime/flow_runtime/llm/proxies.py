"""Which proxy a request goes through, by the environment. Pure.

HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY in either case, of which the small one wins, as curl has it.
NO_PROXY as Go's net/http/httpproxy reads it, and so most programs in a cluster: `*`, names and all that ends
in them, IP addresses, CIDR blocks; a name or an address with a port means that port only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from yarl import URL

from flow_runtime.llm.errors import ConnectionInvalid


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies of an environment."""

    by_scheme: Mapping[str, URL]
    exceptions: tuple[str, ...]

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Proxies":
        """Read an environment."""

        def value(name: str) -> str:
            return (environ.get(name) or environ.get(name.upper()) or "").strip()

        found = {scheme: value(f"{scheme}_proxy") or value("all_proxy") for scheme in ("http", "https")}
        exceptions = (each.strip().lower() for each in value("no_proxy").split(","))
        return cls(
            {scheme: _url(text) for scheme, text in found.items() if text},
            tuple(each for each in exceptions if each),
        )

    def __bool__(self) -> bool:
        return bool(self.by_scheme)

    def to(self, url: URL) -> URL | None:
        """Find the proxy of a request; None where it goes straight to its host. Raises ConnectionInvalid."""
        proxy = self.by_scheme.get(url.scheme)
        if proxy is None or any(_covers(each, url) for each in self.exceptions):
            return None
        if proxy.scheme not in ("http", "https") or not proxy.raw_host:  # its text may hold a password
            raise ConnectionInvalid(
                f"{url.scheme.upper()}_PROXY (or ALL_PROXY) names no proxy that can be used: "
                "it must be http://host:port or https://host:port"
            )
        return proxy


def _url(text: str) -> URL:
    try:
        return URL(text if "://" in text else f"http://{text}")
    except ValueError:
        return URL()


def _covers(exception: str, url: URL) -> bool:
    host = (url.host or "").lower().rstrip(".")
    if exception == "*":
        return True
    if _in_block(host, exception):
        return True
    name, _, port = exception.rpartition(":")
    if name and port.isdecimal() and (":" not in name or name.startswith("[")):
        if int(port) != url.port:
            return False
        exception = name
    name = exception.strip("[]").removeprefix("*").lstrip(".").rstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _in_block(host: str, block: str) -> bool:
    try:
        return ip_address(host) in ip_network(block.strip("[]"), strict=False)
    except ValueError:
        return False
