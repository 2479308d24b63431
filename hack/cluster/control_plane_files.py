"""The files that a control plane of processes reads: certificate, keys, tokens, kubeconfigs, audit policy.

It writes files only and starts nothing of Kubernetes.
"""

import json
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Final

ADMIN: Final = "admin"
CONTROLLER_MANAGER: Final = "system:kube-controller-manager"
SCHEDULER: Final = "system:kube-scheduler"
GROUPS: Final = {ADMIN: "system:masters", CONTROLLER_MANAGER: "", SCHEDULER: ""}
CERTIFICATE_EXTENSIONS: Final = (
    "subjectAltName=DNS:localhost,DNS:kubernetes.default.svc,IP:127.0.0.1",
    "basicConstraints=critical,CA:TRUE",
    "keyUsage=critical,digitalSignature,keyCertSign",
)
AUDIT_POLICY: Final = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


class ControlPlaneError(Exception):
    """The control plane cannot be started; the text says why and what to do."""


def kubeconfig_of(folder: Path, user: str) -> Path:
    """Where `write_files` puts the kubeconfig of one of the users in GROUPS."""
    return folder / f"{user.removeprefix('system:')}.kubeconfig"


def write_files(folder: Path, url: str) -> str:
    """Write all files for an API server at `url`; the admin's token. ControlPlaneError if openssl fails."""
    folder.mkdir(parents=True, exist_ok=True)
    # One self-signed certificate is both the server's and its own authority.
    extensions = (word for extension in CERTIFICATE_EXTENSIONS for word in ("-addext", extension))
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "server.key")
    subject = ("-days", "30", "-subj", "/CN=test-api-server", "-out", "server.crt")
    _openssl(folder, "req", "-x509", *key, *subject, *extensions)
    _openssl(folder, "genrsa", "-out", "accounts.key", "2048")
    tokens = {user: secrets.token_hex(16) for user in GROUPS}
    users = (f'{token},{user},{user},"{GROUPS[user]}"\n' for user, token in tokens.items())
    _write_private(folder / "tokens.csv", "".join(users))
    for user, token in tokens.items():
        config = _client_config(url, folder / "server.crt", user, token)
        _write_private(kubeconfig_of(folder, user), json.dumps(config, indent=1))
    (folder / "audit-policy.json").write_text(json.dumps(AUDIT_POLICY))
    return tokens[ADMIN]


def _openssl(folder: Path, *arguments: str) -> None:
    if shutil.which("openssl") is None:
        raise ControlPlaneError("openssl is not on the PATH; install it (Debian: apt-get install openssl)")
    run = subprocess.run(("openssl", *arguments), cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode:
        raise ControlPlaneError(f"openssl {arguments[0]} failed: {run.stderr.strip()[-500:]}")


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


def _client_config(url: str, authority: Path, user: str, token: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": url, "certificate-authority": str(authority)}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
        "current-context": "test",
    }
