"""promptflow's forms of a connection: YAML (`type: open_ai`), JSON (`type: OpenAIConnection`), environment.

Turns them into connections; a mistake is a ConnectionInvalid that names connection and field, never a value.
"""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any

import yaml

from flow_runtime.llm.connection_services import (
    CLASSES,
    PROMPTFLOW_MODULE,
    PROMPTFLOW_TYPE,
    CustomConnection,
)
from flow_runtime.llm.connection_types import Connection, StrongConnection
from flow_runtime.llm.errors import ConnectionInvalid

ENCODED = "PROMPTFLOW_ENCODED_CONNECTIONS"
GZIP = 16 + zlib.MAX_WBITS
Document = Mapping[str, Any]
Environ = Mapping[str, str]
_ENV = re.compile(r"\s*\$\{env:(.+)\}\s*", re.DOTALL)
_BY_NAME = {name.lower().removesuffix("connection"): made for name, made in CLASSES.items()}


def from_document(name: str, document: Document, environ: Environ) -> Connection:
    """Make a connection of its YAML or JSON form. Raises ConnectionInvalid."""
    made = class_of(name, document)
    try:
        secrets, configs = _custom(document) if made is CustomConnection else ({}, _fields(document))
    except (TypeError, ValueError):
        raise ConnectionInvalid(
            f"connection '{name}': its configs and secrets must be mappings of keys to values"
        ) from None
    known = made.order if issubclass(made, StrongConnection) else (*secrets, *configs)
    for field in known:
        override = environ.get(f"{name.replace(' ', '_')}_{field}".upper())
        if override is not None:
            (secrets if field in secrets else configs)[field] = override
    for fields in (secrets, configs):
        for field, value in fields.items():
            fields[field] = resolve(name, field, value, environ)
    try:
        if made is CustomConnection:
            return made(secrets=secrets, configs=configs, name=name)
        return made(name=name, **{field: configs[field] for field in known if configs.get(field) is not None})
    except TypeError as error:
        raise ConnectionInvalid(f"connection '{name}': {error}") from None


def class_of(name: str, document: Document) -> type[Connection]:
    """Find the class of azure_open_ai, AzureOpenAI or AzureOpenAIConnection. Raises ConnectionInvalid."""
    said = document.get("type") if isinstance(document, dict) else None
    made = _BY_NAME.get(str(said or "").lower().replace("_", "").removesuffix("connection"))
    if made is None:
        known = ", ".join(sorted(CLASSES))
        raise ConnectionInvalid(f"connection '{name}': its type must be one of {known}, not {said!r}")
    return made


def resolve(name: str, field: str, value: Any, environ: Environ) -> Any:
    """Replace a whole `${env:NAME}`. Raises ConnectionInvalid when there is no such variable."""
    found = _ENV.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    if found[1] not in environ:
        raise ConnectionInvalid(f"connection '{name}', {field}: there is no variable {found[1]}: set it")
    return environ[found[1]]


def read_documents(text: str) -> dict[str, Document]:
    """Read a file of connections: documents with `name`, a list of them, or a mapping of names to them.

    Raises ConnectionInvalid.
    """
    try:
        parts = list(yaml.safe_load_all(text))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConnectionInvalid(f"the connections are no valid YAML: {type(error).__name__}") from None
    found: dict[str, Document] = {}
    for part in parts:
        if isinstance(part, dict) and not ("type" in part and not isinstance(part["type"], dict)):
            found |= {str(name): each for name, each in part.items() if name != "$schema"}
            continue
        for each in part if isinstance(part, list) else [part] if part is not None else []:
            if not isinstance(each, dict) or not each.get("name"):
                raise ConnectionInvalid("a connection without a name: add name: <its name>")
            found[str(each["name"])] = each
    for name, each in found.items():
        class_of(name, each)
    return found


def variable_documents(environ: Environ) -> dict[str, Document]:
    """Find the variables of an environment that hold a connection as JSON."""
    found: dict[str, Document] = {}
    for name, value in environ.items():
        if value.startswith("{") and '"type"' in value:
            try:
                document = json.loads(value)
                class_of(name, document)
            except (ValueError, RecursionError, ConnectionInvalid):
                continue  # a variable may hold any JSON
            found[name] = document
    return found


def encoded_documents(environ: Environ) -> dict[str, Document]:
    """Find the connections of the encoded map. Raises ConnectionInvalid when it cannot be read."""
    encoded = environ.get(ENCODED) or environ.get("PF_ENCODED_CONNECTIONS")
    if not encoded:
        return {}
    try:
        return dict(json.loads(zlib.decompress(base64.b64decode(encoded, validate=True), GZIP)))
    except (ValueError, TypeError, RecursionError, zlib.error, binascii.Error):
        raise ConnectionInvalid(
            f"{ENCODED} must be a JSON object of connections, compressed by gzip, in base64"
        ) from None


def _fields(document: Document) -> dict[str, Any]:
    value = document.get("value")
    return dict(value if isinstance(value, Mapping) else document)


def _custom(document: Document) -> tuple[dict[str, Any], dict[str, Any]]:
    value = document.get("value")
    if isinstance(value, Mapping):
        keys = set(document.get("secret_keys") or ())
        secrets = {key: field for key, field in value.items() if key in keys}
        return secrets, {key: field for key, field in value.items() if key not in keys}
    configs = dict(document.get("configs") or {})
    if document.get("custom_type") and document.get("module"):
        configs |= {PROMPTFLOW_TYPE: document["custom_type"], PROMPTFLOW_MODULE: document["module"]}
    return dict(document.get("secrets") or {}), configs
