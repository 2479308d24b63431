"""LLM=local for the demo: the small model on this machine, where the pods of the kind cluster can reach it.

It listens on loopback and on the address that this machine has in the network of the nodes, and on no other.
"""

import asyncio
import shutil
import subprocess
from dataclasses import replace

from hack.demo.llm import LLM, install_local, local_server
from hack.demo.processes import Processes, free_ports
from hack.demo.screen import DemoError, step

NETWORK = "kind"
READY_SECONDS = 180.0
GATEWAYS = "{{range .IPAM.Config}}{{.Gateway}} {{end}}"


def start(processes: Processes, chosen: LLM) -> LLM:
    """Start it; returns the LLM with the URL that pods use."""
    install_local()
    address = gateway()
    (port,) = free_ports(1)
    with step(f"LLM {chosen.model} on {address}"):
        processes.start("llm", local_server(port, ["127.0.0.1", address]))
        asyncio.run(processes.wait_until_ok("llm", f"http://{address}:{port}/v1/models", READY_SECONDS))
    return replace(chosen, base_url=f"http://{address}:{port}/v1")


def gateway() -> str:
    """This machine's IPv4 address in the nodes' network."""
    docker = shutil.which("docker")
    if docker is None:
        raise DemoError("LLM=local needs the cluster of `make up`: there is no docker", "leave LLM=local out")
    command = [docker, "network", "inspect", NETWORK, "-f", GATEWAYS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    found = [word for word in done.stdout.split() if "." in word]
    if not found:
        raise DemoError(
            f"docker has no network {NETWORK} with an IPv4 gateway", "make up; or leave LLM=local out"
        )
    return found[0]
