"""The Kubernetes API in the six verbs the operator uses; what it may do is in `resources`.

Not a general client: every write is a server-side apply by one field manager, every call has a deadline,
and every failure is Temporary or Permanent. Connection and credentials come from the `kubernetes` package.
"""

import json
import os
import ssl
from typing import Any, Self, TypeAlias

import aiohttp
from kubernetes.client import Configuration
from kubernetes.config import load_incluster_config, load_kube_config
from kubernetes.config.config_exception import ConfigException

from flow_operator.errors import InvalidSettings, Refused, Unavailable
from flow_operator.resources import Resource

FIELD_MANAGER = "flow-operator"
DEADLINE_SECONDS = 15.0
PAGE = 500
_MESSAGE_LIMIT = 400
_APPLY = {"fieldManager": FIELD_MANAGER, "force": "true"}
_APPLY_TYPE = "application/apply-patch+yaml"
_TRY_AGAIN = {401, 408, 409, 410, 425, 429}
"""401: a projected token was being replaced; 409: somebody else was faster; 410: a continue token expired."""

Manifest: TypeAlias = dict[str, Any]


def configuration() -> Configuration:
    """Read KUBECONFIG, else the pod's account, else ~/.kube/config; InvalidSettings if none works."""
    found = Configuration()
    try:
        if "KUBERNETES_SERVICE_HOST" in os.environ and "KUBECONFIG" not in os.environ:
            load_incluster_config(client_configuration=found)  # type: ignore[no-untyped-call]
        else:
            load_kube_config(client_configuration=found)  # type: ignore[no-untyped-call]
    except ConfigException as error:
        raise InvalidSettings(
            f"no way to reach a cluster: {error}. Set KUBECONFIG, or run in a pod."
        ) from error
    return found


def bearer_token(config: Configuration) -> str | None:
    """The token of this moment: a projected token is read again when it nears its end."""
    header = config.get_api_key_with_prefix("BearerToken")
    return header.split(" ", 1)[-1] if header else None


class Kube:
    """A connection to one API server. Use as an async context manager."""

    def __init__(self, config: Configuration) -> None:
        self._config = config
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=DEADLINE_SECONDS, connect=10)
        connector = aiohttp.TCPConnector(ssl=_tls(self._config), limit=32)
        self._session = aiohttp.ClientSession(self._config.host, connector=connector, timeout=timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, resource: Resource, namespace: str, name: str) -> Manifest | None:
        """Read one object; None when there is none."""
        return await self._call("GET", resource.path(namespace, name), absent_is_none=True)

    async def list(self, resource: Resource, namespace: str | None, selector: str = "") -> list[Manifest]:
        """Read all objects of a namespace (None: of the cluster) that match a label selector."""
        found: list[Manifest] = []
        query = {"limit": str(PAGE)} | ({"labelSelector": selector} if selector else {})
        while True:
            page = await self._call("GET", resource.path(namespace), query=query) or {}
            found += page.get("items") or []
            following = page.get("metadata", {}).get("continue")
            if not following:
                return found
            query["continue"] = following

    async def apply(self, resource: Resource, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Server-side apply of the whole intended object, by force, as `flow-operator`.

        Returns the object as it is then; of a dry run, as it would be.
        """
        meta = manifest["metadata"]
        path = resource.path(meta["namespace"], meta["name"])
        query = _APPLY | ({"dryRun": "All"} if dry_run else {})
        return await self._call("PATCH", path, query, manifest, _APPLY_TYPE) or {}

    async def apply_status(self, resource: Resource, owner: Manifest, status: Manifest) -> None:
        """Write the whole status if it changed; no matter if `owner` is gone, Unavailable if replaced."""
        if status == (owner.get("status") or {}):
            return
        meta = {key: owner["metadata"][key] for key in ("name", "namespace", "uid")}
        manifest = {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": meta,
            "status": status,
        }
        path = resource.path(meta["namespace"], meta["name"], "status")
        await self._call("PATCH", path, _APPLY, manifest, _APPLY_TYPE, absent_is_none=True)

    async def delete(self, resource: Resource, live: Manifest) -> None:
        """Delete exactly this object (by uid), in the background; no matter if it is gone."""
        meta = live["metadata"]
        body = {"propagationPolicy": "Background", "preconditions": {"uid": meta["uid"]}}
        path = resource.path(meta["namespace"], meta["name"])
        await self._call("DELETE", path, body=body, absent_is_none=True)

    async def create(self, resource: Resource, manifest: Manifest) -> bool:
        """Create an object; False when one of that name exists."""
        path = resource.path(manifest["metadata"]["namespace"])
        created = await self._call(
            "POST", path, {"fieldManager": FIELD_MANAGER}, manifest, exists_is_none=True
        )
        return created is not None

    async def replace(self, resource: Resource, manifest: Manifest) -> Manifest:
        """Replace an object at its resourceVersion; Unavailable when somebody changed it."""
        meta = manifest["metadata"]
        return await self._call("PUT", resource.path(meta["namespace"], meta["name"]), body=manifest) or {}

    async def _call(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: Manifest | None = None,
        content_type: str = "application/json",
        *,
        absent_is_none: bool = False,
        exists_is_none: bool = False,
    ) -> Manifest | None:
        if self._session is None:
            raise RuntimeError("Kube is used outside of `async with`")
        headers = {"Content-Type": content_type, "Accept": "application/json", "User-Agent": FIELD_MANAGER}
        if token := bearer_token(self._config):
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        try:
            async with self._session.request(
                method, path, params=query, data=data, headers=headers, allow_redirects=False
            ) as response:
                status, content = response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"{method} {path}: {type(error).__name__} {error}") from error
        if (status == 404 and absent_is_none) or (status == 409 and exists_is_none):
            return None
        if status >= 300:
            raise _failure(status, f"{method} {path}", content)
        answer: Manifest = json.loads(content)
        return answer


def _failure(status: int, call: str, content: bytes) -> Unavailable | Refused:
    try:
        message = str(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        message = content[:_MESSAGE_LIMIT].decode(errors="replace")
    text = f"{call}: {status} {message[:_MESSAGE_LIMIT]}"
    return Unavailable(text) if status in _TRY_AGAIN or status >= 500 else Refused(text)


def _tls(config: Configuration) -> ssl.SSLContext | bool:
    if not config.host.startswith("https"):
        return True
    context = ssl.create_default_context(cafile=config.ssl_ca_cert or None)
    if config.cert_file:
        context.load_cert_chain(config.cert_file, config.key_file)
    if not config.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
