"""A Kubernetes control plane as plain processes on loopback, for API tests.

etcd, kube-apiserver, kube-controller-manager and kube-scheduler, each with a log in one working folder; no
node, so no pod ever runs. It knows nothing of kind and builds nothing (`hack/cluster/build-go kube etcd`).
"""

import contextlib
import ctypes
import http.client
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final, Self

from hack.cluster.control_plane_files import (
    ADMIN,
    CONTROLLER_MANAGER,
    SCHEDULER,
    ControlPlaneError,
    kubeconfig_of,
    write_files,
)

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAMS: Final = ROOT / ".cache" / "bin"
READY_WITHIN_SECONDS: Final = 60.0
STOP_WITHIN_SECONDS: Final = 10.0
PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


class ControlPlane:
    """The four processes, ready inside `with ControlPlane() as plane:` and gone after it.

    RBAC with the Node authorizer, the default admission plugins, ServiceAccount tokens and garbage collection
    are on. The processes die with the thread that entered (Linux), even when that is killed.

    Attributes: `url`, `kubeconfig` (user admin, group system:masters), `audit_log` (Metadata level, a JSON
    object a line, every stage but RequestReceived) and `folder`, where the logs are.
    """

    def __init__(self, folder: Path | None = None, api_server: Sequence[str] = ()) -> None:
        """Use `folder` (new or empty; it is kept), or without it one that is removed at the end.

        `api_server` are further flags of kube-apiserver.
        """
        self._api_server = api_server
        self._temporary = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="control-plane-"))
        self.kubeconfig = kubeconfig_of(self.folder, ADMIN)
        self.audit_log = self.folder / "audit.jsonl"
        self._ports = dict(zip(("api", "etcd", "peer"), _free_ports(3), strict=True))
        self.url = f"https://127.0.0.1:{self._ports['api']}"
        self._token = ""
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        """Start all; ControlPlaneError if a program is missing, ends, or is not ready within a minute."""
        try:
            self._token = write_files(self.folder, self.url)
            self._start_etcd()
            self._start_api_server()
            deadline = time.monotonic() + READY_WITHIN_SECONDS
            self._wait_until(deadline, "/readyz")
            self._start_controllers()
            self._wait_until(deadline, "/api/v1/namespaces/default/serviceaccounts/default")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End every process, the last started first, and remove the folder if it is ours. May be repeated."""
        processes = list(reversed(self._processes.values()))
        self._processes.clear()
        for process in processes:
            process.terminate()  # one after the other: an API server without its etcd takes 10 s to end
            try:
                process.wait(STOP_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _start_etcd(self) -> None:
        client, peer = (f"http://127.0.0.1:{self._ports[name]}" for name in ("etcd", "peer"))
        urls = [f"--listen-client-urls={client}", f"--advertise-client-urls={client}"]
        urls += [
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=test={peer}",
        ]
        self._start(
            "etcd", "etcd", "--name=test", "--data-dir=etcd", "--unsafe-no-fsync", "--log-level=warn", *urls
        )

    def _start_api_server(self) -> None:
        self._start(
            "kube-apiserver",
            "kube",
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self._ports['etcd']}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",  # no endpoint may be a loopback address, and no pod needs one
            f"--secure-port={self._ports['api']}",
            "--tls-cert-file=server.crt",
            "--tls-private-key-file=server.key",
            "--token-auth-file=tokens.csv",
            "--authorization-mode=Node,RBAC",
            "--allow-privileged=true",
            "--service-account-key-file=accounts.key",
            "--service-account-signing-key-file=accounts.key",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            "--service-cluster-ip-range=10.32.0.0/16",
            "--audit-policy-file=audit-policy.json",
            f"--audit-log-path={self.audit_log}",
            *self._api_server,
        )

    def _start_controllers(self) -> None:
        for user in (CONTROLLER_MANAGER, SCHEDULER):
            name = user.removeprefix("system:")
            flags = [
                f"--kubeconfig={kubeconfig_of(self.folder, user)}",
                "--leader-elect=false",
                "--secure-port=0",
            ]
            if user == CONTROLLER_MANAGER:
                flags += ["--root-ca-file=server.crt", "--service-account-private-key-file=accounts.key"]
                flags += ["--use-service-account-credentials", "--kube-api-qps=100", "--kube-api-burst=200"]
            self._start(name, "kube", name, *flags)

    def _start(self, name: str, program: str, *arguments: str) -> None:
        path = PROGRAMS / program
        if not path.is_file():
            raise ControlPlaneError(f"{path} is missing; build it by: hack/cluster/build-go kube etcd")
        with (self.folder / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                (str(path), *arguments),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # ctrl-C is for us: we stop them in order
                preexec_fn=_die_with_parent,
            )

    def _wait_until(self, deadline: float, path: str) -> None:
        while self._status_of(path) != http.client.OK:
            for name, process in self._processes.items():
                if process.poll() is not None:
                    raise ControlPlaneError(
                        f"{name} ended with {process.returncode}; {self._end_of_log(name)}"
                    )
            if time.monotonic() > deadline:
                late = "kube-apiserver" if path == "/readyz" else "kube-controller-manager"
                raise ControlPlaneError(
                    f"{path} is not there after {READY_WITHIN_SECONDS:g} s; {self._end_of_log(late)}"
                )
            time.sleep(0.05)

    def _status_of(self, path: str) -> int:
        context = ssl.create_default_context(cafile=str(self.folder / "server.crt"))
        connection = http.client.HTTPSConnection("127.0.0.1", self._ports["api"], context=context, timeout=5)
        with contextlib.closing(connection):
            try:
                connection.request("GET", path, headers={"Authorization": f"Bearer {self._token}"})
                return connection.getresponse().status
            except (OSError, http.client.HTTPException):
                return 0

    def _end_of_log(self, name: str) -> str:
        lines = (self.folder / f"{name}.log").read_text(errors="replace").splitlines()[-20:]
        return "the end of its log:\n" + "\n".join(lines)


def _die_with_parent() -> None:
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _free_ports(count: int) -> list[int]:
    """`count` different TCP ports of loopback that nobody listens on at this moment."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run a control plane until ctrl-C or SIGTERM; the exit code is 1 if it cannot be started."""
    signal.signal(signal.SIGTERM, _interrupt)
    start = time.monotonic()
    try:
        with ControlPlane() as plane:
            print(f"ready after {time.monotonic() - start:.1f} s: {plane.url}")
            print(f"audit log: {plane.audit_log}")
            print(f"use it:    export KUBECONFIG={plane.kubeconfig}")
            print("stop it:   ctrl-C", flush=True)
            signal.pause()
    except ControlPlaneError as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
