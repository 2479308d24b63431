"""A small synchronous client of a real API server for tests: plain paths, plain dicts, no retries."""

import http.client
import json
import ssl
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlencode, urlsplit

from kubernetes.client import Configuration

Manifest: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """Status code and decoded body of an answer."""

    code: int
    body: Manifest

    @property
    def message(self) -> str:
        """What the API server says, when it refuses."""
        return str(self.body.get("message", ""))


class Api:
    """One kept connection to the API server of a kubeconfig."""

    def __init__(self, config: Configuration) -> None:
        address = urlsplit(config.host)
        assert address.hostname is not None
        context = ssl.create_default_context(cafile=config.ssl_ca_cert)
        self._connection = http.client.HTTPSConnection(
            address.hostname, address.port, context=context, timeout=30
        )
        self._token = str(config.get_api_key_with_prefix("BearerToken"))

    def close(self) -> None:
        self._connection.close()

    def call(
        self,
        method: str,
        path: str,
        body: Manifest | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        **query: str,
    ) -> Answer:
        headers = {"Content-Type": content_type, "Accept": accept, "Authorization": self._token}
        target = f"{path}?{urlencode(query)}" if query else path
        self._connection.request(method, target, None if body is None else json.dumps(body), headers)
        response = self._connection.getresponse()
        content = response.read()
        # A path that is not served is answered in plain text.
        is_json = response.headers.get_content_type() == "application/json"
        return Answer(response.status, json.loads(content) if is_json else {"message": content.decode()})

    def create(self, manifest: Manifest, **query: str) -> Answer:
        """Create an object of ours in its namespace; unknown fields are refused, not dropped."""
        return self.call("POST", collection_path(manifest), manifest, fieldValidation="Strict", **query)


def collection_path(manifest: Manifest) -> str:
    """Where the API server keeps FlowDeployments or FlowMonitors of a namespace."""
    namespace = manifest["metadata"].get("namespace", "default")
    return f"/apis/{manifest['apiVersion']}/namespaces/{namespace}/{manifest['kind'].lower()}s"
