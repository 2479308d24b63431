# ruff: noqa: E501 - whole files of flows stand in the lines
"""Python nodes: every form of tool, its parameters, what it returns and raises."""

from tests.compat.case import SSE, Ask, FlowCase, flow

DAG = """
    inputs:
      x: {type: string, default: abc}
    outputs:
      out: {type: string, reference: "${t.output}"}
    nodes:
    - name: t
      type: python
      source: {type: code, path: t.py}
      inputs: {INPUTS}
"""

MANY = "\n".join(
    [
        "inputs: {x: {type: int, default: 1}}",
        'outputs: {sum: {type: int, reference: "${sum.output}"}}',
        "nodes:",
        *(
            f"- {{name: n{i}, type: python, source: {{type: code, path: add.py}}, "
            f'inputs: {{a: "${{inputs.x}}", b: {i}}}}}'
            for i in range(20)
        ),
        "- name: sum",
        "  type: python",
        "  source: {type: code, path: sum.py}",
        "  inputs: {" + ", ".join(f'n{i}: "${{n{i}.output}}"' for i in range(20)) + "}",
    ]
)


def tool(
    name: str, code: str, inputs: str = 'x: "${inputs.x}"', *asks: object, row: str = "1.2 python"
) -> FlowCase:
    """A flow of one Python node."""
    return flow(name, row, DAG.replace("INPUTS", inputs), *(asks or ({},)), t_py=code)


FLOWS = (
    tool(
        "py-function",
        """
        from promptflow.core import tool

        @tool
        def t(x: str) -> str:
            print("to stdout is fine")
            return x.upper()
        """,
    ),
    tool(
        "py-old-import",
        """
        from promptflow import tool

        @tool
        def t(x: str) -> str:
            return x.upper()
        """,
    ),
    tool(
        "py-called-decorator",
        """
        from promptflow.core import tool

        @tool(name="named", description="with arguments")
        def t(x: str) -> str:
            return x.upper()
        """,
    ),
    tool(
        "py-async",
        """
        import asyncio

        from promptflow.core import tool

        @tool
        async def t(x: str) -> str:
            await asyncio.sleep(0.01)
            return x[::-1]
        """,
    ),
    tool(
        "py-class",
        """
        from promptflow.core import ToolProvider, tool


        class Greeter(ToolProvider):
            def __init__(self, greeting: str, times: int = 1):
                super().__init__()
                self.greeting = greeting
                self.times = times

            @tool
            def greet(self, x: str) -> str:
                return f"{self.greeting} {x}" * self.times
        """,
        'greeting: Hi, times: "2", x: "${inputs.x}"',
    ),
    tool(
        "py-class-internal-import",
        """
        from promptflow._internal import ToolProvider, tool


        class Greeter(ToolProvider):
            def __init__(self, connection: str):
                super().__init__()
                self.connection = connection

            @tool
            async def greet(self, x: str) -> str:
                return f"{self.connection} {x}"
        """,
        'connection: plain text, x: "${inputs.x}"',
    ),
    tool(
        "py-kwargs",
        """
        from promptflow.core import tool

        @tool
        def t(x: str, **kwargs) -> str:
            return x + repr(sorted(kwargs.items()))
        """,
        'x: "${inputs.x}", more: "5", other: "${inputs.x}", empty: ""',
    ),
    tool(
        "py-defaults",
        """
        from promptflow.core import tool

        @tool
        def t(x: str, n: int = 3, *, flag: bool = True, items: list = [1]) -> str:
            items.append(x)
            return repr([x, n, flag, items])
        """,
        'x: "${inputs.x}"',
        {},
    ),
    tool(
        "py-enum",
        """
        from enum import Enum

        from promptflow.core import tool


        class Colour(str, Enum):
            RED = "red"
            BLUE = "blue"


        @tool
        def t(x: str, colour: Colour = Colour.RED) -> str:
            return f"{x} {colour == Colour.BLUE} {type(colour).__name__}"
        """,
        'x: "${inputs.x}", colour: blue',
    ),
    tool(
        "py-annotations",
        """
        from typing import Any, Dict, List, Optional, Union

        from promptflow.core import tool

        @tool
        def t(x: Optional[str], a: Union[int, str], b: List[int], c: Dict[str, int], d: Any, e: "int" = 2) -> str:
            return repr([x, a, b, c, d, e])
        """,
        'x: "${inputs.x}", a: "5", b: "[1, 2]", c: "{}", d: "{}", e: "4"',
    ),
    tool(
        "py-future-annotations",
        """
        from __future__ import annotations

        from promptflow.core import tool

        @tool
        def t(x: str, n: int = 3, flag: bool = False) -> str:
            return repr([x, n, flag])
        """,
        'x: "${inputs.x}", n: "5", flag: "true"',
    ),
    tool(
        "py-generator",
        """
        from promptflow.core import tool

        @tool
        def t(x: str):
            for letter in x:
                yield letter
        """,
        'x: "${inputs.x}"',
        {},
        Ask({"x": "déf"}, SSE),
        row="1.3 streaming",
    ),
    tool(
        "py-async-generator",
        """
        from promptflow.core import tool

        @tool
        async def t(x: str):
            for letter in x:
                yield letter
        """,
        'x: "${inputs.x}"',
        {},
        Ask({"x": "déf"}, SSE),
        row="1.3 streaming",
    ),
    tool(
        "py-generator-numbers",
        """
        from promptflow.core import tool

        @tool
        def t(x: str):
            yield from (1, 2.5, None, {"k": x}, "")
        """,
        'x: "${inputs.x}"',
        Ask({}, SSE),
        {},
        row="1.3 streaming",
    ),
    tool(
        "py-returned-generator",
        """
        from promptflow.core import tool

        @tool
        def t(x: str):
            return (letter + "." for letter in x)
        """,
        'x: "${inputs.x}"',
        {},
        Ask({}, SSE),
        row="1.3 streaming",
    ),
    tool(
        "py-raises",
        """
        from promptflow.core import tool

        @tool
        def t(x: str) -> str:
            if x == "exit":
                raise SystemExit(3)
            return {"a": 1}[x]
        """,
        'x: "${inputs.x}"',
        {},
        {"x": "a"},
    ),
    tool(
        "py-raises-user-error",
        """
        from promptflow.core import tool
        from promptflow.exceptions import UserErrorException

        @tool
        def t(x: str) -> str:
            raise UserErrorException("mine") if x == "user" else ValueError("other")
        """,
        'x: "${inputs.x}"',
        {"x": "user"},
        {"x": "value"},
    ),
    tool(
        "py-returns",
        """
        import dataclasses
        import datetime

        from promptflow.core import tool


        @dataclasses.dataclass
        class Result:
            score: int
            words: list


        @tool
        def t(x: str):
            return {
                "none": None, "int": 3, "float": 2.5, "list": [1, "a"], "tuple": (1, 2), "nested": {"a": {"b": 1}},
                "bool": True, "data": Result(4, ["w"]), "bytes": b"b", "set": {1}, "date": datetime.date(2024, 1, 2),
                "nan": float("nan"),
            }[x]
        """,
        'x: "${inputs.x}"',
        *(
            {"x": kind}
            for kind in (
                "none",
                "int",
                "float",
                "list",
                "tuple",
                "nested",
                "bool",
                "data",
                "bytes",
                "set",
                "date",
                "nan",
            )
        ),
    ),
    tool(
        "py-helper-modules",
        """
        from promptflow.core import tool

        from lib_of_flow.words import loud

        @tool
        def t(x: str) -> str:
            return loud(x) + open("data.txt").read()
        """,
    ),
    tool(
        "py-trace-and-others",
        """
        from promptflow.core import log_metric, tool
        from promptflow.tracing import trace


        @trace
        def inner(x):
            return x + "!"


        @tool
        def t(x: str) -> str:
            log_metric("length", len(x))
            return inner(x)
        """,
    ),
    tool(
        "py-env-at-import",
        """
        import os

        from promptflow.core import tool

        HOME = os.environ.get("COMPAT_PLACE", "nowhere")

        @tool
        def t(x: str) -> str:
            return f"{HOME} {os.path.isfile('t.py')}"
        """,
    ),
    tool(
        "py-connections",
        """
        from promptflow.connections import (
            AzureContentSafetyConnection, AzureOpenAIConnection, CognitiveSearchConnection, CustomConnection,
            FormRecognizerConnection, OpenAIConnection, SerpConnection,
        )
        from promptflow.core import tool

        @tool
        def t(x: str, a: OpenAIConnection, b: AzureOpenAIConnection, c: CustomConnection,
              d: CognitiveSearchConnection, e: SerpConnection, f: AzureContentSafetyConnection,
              g: FormRecognizerConnection) -> str:
            return repr([
                a.api_key, a.base_url, a.organization, b.api_key, b.api_base, b.api_version, b.api_type,
                c.token, c.region, c.secrets, sorted(c.configs.items()), d.api_key, d.api_base, d.api_version, e.api_key,
                f.endpoint, f.api_version, g.endpoint, g.api_version,
                [type(each).__name__ for each in (a, b, c, d, e, f, g)],
            ])
        """,
        'x: "${inputs.x}", a: llm, b: azure, c: custom, d: search, e: serp, f: safety, g: form',
        row="1.6 connections",
    ),
    tool(
        "py-connection-union",
        """
        from typing import Union

        from promptflow.connections import AzureOpenAIConnection, OpenAIConnection
        from promptflow.core import tool

        @tool
        def t(x: str, c: Union[OpenAIConnection, AzureOpenAIConnection]) -> str:
            return type(c).__name__ + repr(sorted(c.keys())) + c["api_key"]
        """,
        'x: "${inputs.x}", c: azure',
        row="1.6 connections",
    ),
    tool(
        "py-connection-entities",
        """
        from promptflow.core import tool
        from promptflow.entities import CustomConnection

        @tool
        def t(x: str, c: CustomConnection) -> str:
            return f"{c.region} {c.secrets['token']} {c.configs['limit']} {c.name}"
        """,
        'x: "${inputs.x}", c: custom',
        row="1.6 connections",
    ),
    tool(
        "py-connection-wrong-type",
        """
        from promptflow.connections import OpenAIConnection
        from promptflow.core import tool

        @tool
        def t(x: str, c: OpenAIConnection) -> str:
            return x
        """,
        'x: "${inputs.x}", c: custom',
        row="1.6 connections",
    ),
    tool(
        "py-custom-strong-type",
        """
        from promptflow.connections import CustomStrongTypeConnection
        from promptflow.contracts.types import Secret
        from promptflow.core import tool


        class Shop(CustomStrongTypeConnection):
            token: Secret
            region: str = "south"


        @tool
        def t(x: str, c: Shop) -> str:
            return f"{c.token} {c.region} {type(c).__name__}"
        """,
        'x: "${inputs.x}", c: custom',
        row="1.6 connections",
    ),
    tool(
        "py-unknown-parameter",
        """
        from promptflow.core import tool

        @tool
        def t(x: str) -> str:
            return x
        """,
        'x: "${inputs.x}", more: 5',
    ),
    tool(
        "py-missing-parameter",
        """
        from promptflow.core import tool

        @tool
        def t(x: str, y: str) -> str:
            return x + y
        """,
    ),
    flow(
        "py-many-nodes",
        "1.2 order",
        MANY,
        {},
        {"x": "5"},
        add_py="""
            from promptflow.core import tool

            @tool
            def add(a: int, b: int) -> int:
                return a + b
        """,
        sum_py="""
            from promptflow.core import tool

            @tool
            def total(**parts) -> int:
                return sum(parts.values())
        """,
    ),
    flow(
        "py-mixed-async",
        "1.2 order",
        """
        inputs:
          x: {type: string}
        outputs:
          out: {type: string, reference: "${join.output}"}
        nodes:
        - {name: one, type: python, source: {type: code, path: slow.py}, inputs: {x: "${inputs.x}"}}
        - {name: two, type: python, source: {type: code, path: plain.py}, inputs: {x: "${inputs.x}"}}
        - {name: join, type: python, source: {type: code, path: join.py}, inputs: {a: "${one.output}", b: "${two.output}"}}
        """,
        {"x": "v"},
        slow_py="""
            import asyncio
            from promptflow.core import tool

            @tool
            async def slow(x):
                await asyncio.sleep(0.02)
                return "slow " + x
        """,
        plain_py="""
            from promptflow.core import tool

            @tool
            def plain(x):
                return "plain " + x
        """,
        join_py="""
            from promptflow.core import tool

            @tool
            async def join(a, b):
                return a + b
        """,
    ),
)

_HELPERS = {
    "lib_of_flow/__init__.py": "",
    "lib_of_flow/words.py": "def loud(x):\n    return x.upper() + '!'\n",
    "data.txt": "data",
}
for each in FLOWS:
    if each.name == "py-helper-modules":
        each.files.update(_HELPERS)
