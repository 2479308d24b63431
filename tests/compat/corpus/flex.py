# ruff: noqa: E501 - whole files of flows stand in the lines
"""Flex flows: functions and classes, what they take and give."""

from tests.compat.case import SSE, Ask, FlowCase, flow


def flex(
    name: str, entry: str, code: str, *asks: object, more: str = "", row: str = "1.4 flex", **rest: object
) -> FlowCase:
    """A flow of one entry in its own module (module names differ, as modules are imported by name)."""
    module = "m_" + name.replace("-", "_")
    made = flow(name, row, f"entry: {module}:{entry}\n{more}", *(asks or ({},)), **rest)  # type: ignore[arg-type]
    files = flow(name, row, "", code_py=code).files
    made.files[f"{module}.py"] = files["code.py"]
    return made


FLOWS = (
    flex(
        "flex-function",
        "run",
        """
        def run(q: str = "hi", n: int = 2) -> str:
            return q * n
        """,
        {},
        {"q": "a", "n": 3},
        {"q": "a", "n": "4"},
        {"n": "x"},
        {"extra": 1},
    ),
    flex(
        "flex-none-default",
        "run",
        """
        def run(q: str, history: list = None, tone: str = None, n: int = None, empty: str = "", any=None):
            return repr([q, history, tone, n, empty, any])
        """,
        {"q": "a"},
        {"q": "a", "history": [1], "tone": "b", "n": 3, "any": {}},
        {"q": "a", "history": None, "tone": None},
        {},
    ),
    flex(
        "flex-none-default-declared",
        "run",
        """
        def run(q: str, history: list = None, tone: str = None):
            return repr([q, history, tone])
        """,
        {"q": "a"},
        {"q": "a", "tone": 3},
        more="inputs:\n  q: {type: string}\n  history: {type: list}\n  tone: {type: string}\n",
    ),
    flex(
        "flex-none-default-class",
        "Ask",
        """
        class Ask:
            def __init__(self, tone: str = None, limit: int = None, notes: str = ""):
                self.kept = (tone, limit, notes)

            def __call__(self, q: str = None, history: list = None):
                return repr([q, history, self.kept])
        """,
        {},
        {"q": "a"},
    ),
    flex(
        "flex-required",
        "run",
        """
        def run(q: str, n: int):
            return {"q": q, "n": n}
        """,
        {"q": "a", "n": 1},
        {"q": "a"},
        {},
        {"q": None, "n": 1},
        {"q": 5, "n": "7"},
        "text",
    ),
    flex(
        "flex-one-input-text",
        "run",
        """
        def run(q: str):
            return {"got": q}
        """,
        "plain text",
        '"json text"',
        "",
        '["a"]',
        {"q": "x"},
        "3",
        "null",
    ),
    flex(
        "flex-dict",
        "run",
        """
        def run(q: str = "hi"):
            return {"b": q, "a": [1, None, {"c": 2.5}], "t": (1, 2)}
        """,
    ),
    flex(
        "flex-primitives",
        "run",
        """
        def run(kind: str = "int"):
            return {"int": 3, "float": 2.5, "none": None, "list": [1, "a"], "bool": True, "text": "ü", "empty": "",
                    "dict": {}, "tuple": (1, 2)}[kind]
        """,
        *(
            {"kind": kind}
            for kind in ("int", "float", "none", "list", "bool", "text", "empty", "dict", "tuple")
        ),
    ),
    flex(
        "flex-dataclass",
        "run",
        """
        from dataclasses import dataclass, field


        @dataclass
        class Out:
            answer: str
            n: int = 3
            many: list = field(default_factory=list)


        def run(q: str = "hi") -> Out:
            return Out(q, many=[1, {"a": 2}])
        """,
    ),
    flex(
        "flex-dataclass-nested",
        "run",
        """
        from dataclasses import dataclass


        @dataclass
        class Inner:
            x: int


        @dataclass
        class Out:
            answer: str
            inner: object


        def run(q: str = "hi"):
            return Out(q, [Inner(3)])
        """,
    ),
    flex(
        "flex-return-dict",
        "run",
        """
        def run(q: str = "hi") -> dict:
            return {"answer": q}
        """,
    ),
    flex(
        "flex-class-return-dict",
        "Chat",
        """
        class Chat:
            def __init__(self):
                pass

            def __call__(self, q: str = "hi") -> dict:
                return {"answer": q}
        """,
    ),
    flex(
        "flex-class-without-init",
        "Chat",
        """
        class Chat:
            def __call__(self, q: str = "hi"):
                return q
        """,
    ),
    flex(
        "flex-typed-dict",
        "run",
        """
        from typing import TypedDict


        class Out(TypedDict):
            answer: str
            n: int


        def run(q: str = "hi") -> Out:
            return {"answer": q, "n": 1}
        """,
    ),
    flex(
        "flex-async",
        "run",
        """
        import asyncio


        async def run(q: str = "hi"):
            await asyncio.sleep(0.01)
            return {"answer": q[::-1]}
        """,
    ),
    flex(
        "flex-generator",
        "run",
        """
        def run(q: str = "abc"):
            for letter in q:
                yield letter
        """,
        {},
        Ask({"q": "dé"}, SSE),
        row="1.4 flex streaming",
    ),
    flex(
        "flex-async-generator",
        "run",
        """
        async def run(q: str = "abc"):
            for letter in q:
                yield letter
        """,
        {},
        Ask({"q": "dé"}, SSE),
        row="1.4 flex streaming",
    ),
    flex(
        "flex-generator-in-dict",
        "run",
        """
        def run(q: str = "abc"):
            return {"answer": (letter for letter in q), "n": len(q)}
        """,
        {},
        Ask({}, SSE),
        Ask({}, "text/html"),
        row="1.4 flex streaming",
    ),
    flex(
        "flex-two-generators",
        "run",
        """
        def run(q: str = "abc"):
            return {"a": (letter for letter in q), "b": (letter for letter in q)}
        """,
        {},
        Ask({}, SSE),
        row="1.4 flex streaming",
    ),
    flex(
        "flex-dataclass-generator",
        "run",
        """
        from dataclasses import dataclass


        @dataclass
        class Out:
            answer: object
            n: int


        def run(q: str = "abc"):
            return Out((letter for letter in q), 3)
        """,
        {},
        Ask({}, SSE),
        row="1.4 flex streaming",
    ),
    flex(
        "flex-no-stream-asked-sse",
        "run",
        """
        def run(q: str = "abc"):
            return q
        """,
        Ask({}, SSE),
        Ask({}, f"{SSE},application/json"),
        row="1.4 flex streaming",
    ),
    flex(
        "flex-raises",
        "run",
        """
        from promptflow.exceptions import UserErrorException


        def run(q: str = "abc"):
            if q == "user":
                raise UserErrorException("mine")
            raise KeyError(q)
        """,
        {},
        {"q": "user"},
    ),
    flex(
        "flex-unserializable",
        "run",
        """
        def run(q: str = "abc"):
            return {"answer": {1, 2}} if q == "set" else object()
        """,
        {},
        {"q": "set"},
    ),
    flex(
        "flex-class",
        "Chat",
        """
        class Chat:
            def __init__(self, prefix: str = "p", times: int = 1):
                self.prefix = prefix
                self.times = times
                self.calls = 0

            def __call__(self, q: str = "hi", history: list = []):
                self.calls += 1
                return {"answer": self.prefix * self.times + q, "n": len(history), "calls": self.calls}

            def __aggregate__(self, line_results: list):
                raise ValueError("never in serving")
        """,
        {},
        {"q": "a", "history": [1]},
        {"history": "[1, 2]"},
        {"history": {"a": 1}},
    ),
    flex(
        "flex-class-sample-init",
        "Chat",
        """
        class Chat:
            def __init__(self, prefix: str, times: int = 1):
                self.prefix = prefix * times

            def __call__(self, q: str) -> str:
                return self.prefix + q
        """,
        {},
        {"q": "given"},
        more="sample:\n  init: {prefix: s, times: 3}\n  inputs: {q: sampled}\n",
    ),
    flex(
        "flex-class-env-init",
        "Chat",
        """
        class Chat:
            def __init__(self, prefix: str, times: int = 1):
                self.prefix = prefix * times

            def __call__(self, q: str = "x") -> str:
                return self.prefix + q
        """,
        {},
        more="sample:\n  init: {prefix: s, times: 3}\n",
        env={"PF_FLOW_INIT_CONFIG": '{"prefix": "env"}'},
    ),
    flex(
        "flex-class-async",
        "Chat",
        """
        class Chat:
            def __init__(self):
                pass

            async def __call__(self, q: str = "hi"):
                return {"answer": q}
        """,
    ),
    flex(
        "flex-class-generator",
        "Chat",
        """
        class Chat:
            def __init__(self):
                pass

            def __call__(self, q: str = "hi"):
                yield from q
        """,
        {},
        Ask({}, SSE),
        row="1.4 flex streaming",
    ),
    flex(
        "flex-class-no-init-value",
        "Chat",
        """
        class Chat:
            def __init__(self, prefix: str):
                self.prefix = prefix

            def __call__(self, q: str = "hi"):
                return self.prefix + q
        """,
    ),
    flex(
        "flex-connection",
        "Chat",
        """
        from promptflow.connections import AzureOpenAIConnection, OpenAIConnection


        class Chat:
            def __init__(self, one: OpenAIConnection, two: AzureOpenAIConnection):
                self.said = [type(one).__name__, one.api_key, two.api_base, two.api_version]

            def __call__(self, q: str = "hi"):
                return {"said": self.said}
        """,
        more="sample:\n  init: {one: llm, two: azure}\n",
        row="1.6 connections",
    ),
    flex(
        "flex-model-configuration",
        "Chat",
        """
        from promptflow.core import AzureOpenAIModelConfiguration, OpenAIModelConfiguration


        class Chat:
            def __init__(self, one: AzureOpenAIModelConfiguration, two: OpenAIModelConfiguration):
                self.said = [one.azure_deployment, one.azure_endpoint, one.api_key, one.api_version, two.model,
                             two.base_url, two.api_key, two.organization, one.connection]

            def __call__(self, q: str = "hi"):
                return {"said": self.said}
        """,
        more="""sample:
  init:
    one: {azure_deployment: d, azure_endpoint: "http://there", api_key: k, api_version: v}
    two: {model: m, base_url: "http://here", api_key: k2, organization: o}
""",
    ),
    flex(
        "flex-model-configuration-connection",
        "Chat",
        """
        from pathlib import Path

        from promptflow.core import OpenAIModelConfiguration, Prompty


        class Chat:
            def __init__(self, model_config: OpenAIModelConfiguration):
                self.prompty = Prompty.load(
                    source=Path(__file__).parent / "ask.prompty", model={"configuration": model_config}
                )

            def __call__(self, q: str = "hi") -> str:
                return self.prompty(q=q)
        """,
        {},
        {"q": "system:\nbad"},
        more="sample:\n  init:\n    model_config: {connection: llm, model: m5}\n",
        ask_prompty="""
            ---
            model:
              api: chat
              configuration: {type: openai, model: other}
              parameters: {temperature: 0.5}
            inputs:
              q: {type: string}
            ---
            system:
            Be kind.
            user:
            {{q}}
        """,
    ),
    flex(
        "flex-prompty-inside",
        "run",
        """
        from pathlib import Path

        from promptflow.core import Prompty
        from promptflow.tracing import trace


        @trace
        def run(q: str = "hi") -> str:
            ask = Prompty.load(source=Path(__file__).parent / "ask.prompty", model={"parameters": {"max_tokens": 9}})
            return "it said " + ask(q=q)
        """,
        {},
        ask_prompty="""
            ---
            model:
              api: chat
              configuration: {type: openai, connection: llm, model: m}
              parameters: {temperature: 0.5}
            inputs:
              q: {type: string}
            ---
            user:
            {{q}}
        """,
    ),
    flex(
        "flex-async-prompty",
        "run",
        """
        from pathlib import Path

        from promptflow.core import AsyncPrompty


        async def run(q: str = "hi") -> str:
            ask = AsyncPrompty.load(source=Path(__file__).parent / "ask.prompty")
            return "it said " + await ask(q=q)
        """,
        {},
        ask_prompty="""
            ---
            model:
              api: chat
              configuration: {type: openai, connection: llm, model: m}
              parameters: {}
            inputs:
              q: {type: string}
            ---
            user:
            {{q}}
        """,
    ),
    flex(
        "flex-prompty-stream",
        "run",
        """
        from pathlib import Path

        from promptflow.core import Prompty


        def run(q: str = "hi"):
            ask = Prompty.load(source=Path(__file__).parent / "ask.prompty")
            for part in ask(q=q):
                yield part
        """,
        Ask({}, SSE),
        {},
        ask_prompty="""
            ---
            model:
              api: chat
              configuration: {type: openai, connection: llm, model: m}
              parameters: {stream: true}
            inputs:
              q: {type: string}
            ---
            user:
            {{q}}
        """,
        row="1.4 flex streaming",
    ),
    flex(
        "flex-declared",
        "run",
        """
        def run(q, n=2, **kwargs):
            return {"q": q, "n": n, "kind": type(n).__name__, "more": sorted(kwargs)}
        """,
        {},
        {"n": "5"},
        {"q": "z", "other": 1},
        more="inputs:\n  q: {type: string, default: from yaml}\n  n: {type: int, default: 7}\noutputs:\n  q: {type: string}\n",
    ),
    flex(
        "flex-hidden-output",
        "run",
        """
        def run(q: str = "a"):
            return {"answer": q, "context": "c"}
        """,
        more="outputs:\n  answer: {type: string}\n  context: {type: string, evaluation_only: true}\n",
    ),
    flex("flex-package-entry", "run", "", more=""),
    flex(
        "flex-environment",
        "run",
        """
        import os


        def run(q: str = "a"):
            return {name: os.environ.get(name) for name in ("COMPAT_A", "COMPAT_B", "COMPAT_C")}
        """,
        more="environment_variables:\n  COMPAT_A: one\n  COMPAT_B: from yaml\n",
        env={"COMPAT_B": "from outside"},
    ),
    flex(
        "flex-environment-connection",
        "run",
        """
        import os


        def run(q: str = "a"):
            return {"key": os.environ.get("COMPAT_KEY"), "region": os.environ.get("COMPAT_REGION")}
        """,
        more='environment_variables:\n  COMPAT_KEY: "${llm.api_key}"\n  COMPAT_REGION: "${custom.region}"\n',
    ),
    flex(
        "flex-trace-and-print",
        "run",
        """
        from promptflow.tracing import start_trace, trace

        start_trace()


        @trace
        def inner(q):
            print("printing is fine")
            return q.upper()


        @trace
        def run(q: str = "a") -> str:
            return inner(q)
        """,
    ),
    flex("flex-code-key", "run", "", more=""),
)

for each in FLOWS:
    if each.name == "flex-package-entry":
        each.files.clear()
        each.files.update(
            {
                "flow.flex.yaml": "entry: pack_of_flow.deep.main:run\n",
                "pack_of_flow/__init__.py": "",
                "pack_of_flow/deep/__init__.py": "",
                "pack_of_flow/deep/main.py": "from pack_of_flow.deep import other\n\n\ndef run(q: str = 'a'):\n    return other.shout(q)\n",
                "pack_of_flow/deep/other.py": "def shout(q):\n    return q + '!'\n",
            }
        )
    if each.name == "flex-code-key":
        each.files.clear()
        each.files.update(
            {
                "flow.flex.yaml": "entry: m_code_key:run\ncode: inner_src\n",
                "inner_src/m_code_key.py": "def run(q: str = 'a'):\n    return {'here': open('data.txt').read() if q == 'read' else q}\n",
                "inner_src/data.txt": "data",
            }
        )
