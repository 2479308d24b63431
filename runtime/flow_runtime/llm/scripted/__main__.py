"""Run the stub: `python -m flow_runtime.llm.scripted --host 127.0.0.1 --port 8090`."""

import argparse

from aiohttp import web

from flow_runtime.llm.scripted.app import make_app


def main() -> None:
    """Serve until interrupted or terminated."""
    parser = argparse.ArgumentParser(
        prog="python -m flow_runtime.llm.scripted",
        description="A stub of an LLM: answers and judges by stated rules, behind OpenAI's API.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--latency-ms", type=float, default=0, help="wait this long before every answer")
    arguments = parser.parse_args()
    app = make_app(arguments.latency_ms / 1000)
    web.run_app(app, host=arguments.host, port=arguments.port, access_log=None, print=None)


if __name__ == "__main__":
    main()
