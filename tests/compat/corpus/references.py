# ruff: noqa: E501 - whole files of flows stand in the lines
"""References and literals of a DAG: what is one, what it gets, in which order nodes run."""

from tests.compat.case import FlowCase, flow

TELL = """
    from promptflow.core import tool

    @tool
    def tell(a=None, b="default b", c: int = 5, d: bool = False, e: list = None, f: dict = None, g: float = 1.5):
        return repr([a, b, c, d, e, f, g])
"""
MAKE = """
    from dataclasses import dataclass

    from promptflow.core import tool


    @dataclass
    class Thing:
        name: str
        parts: list


    @tool
    def make(x: str):
        return {"a": {"b": [10, {"c": x}], "key with space": "s"}, "list": [1, 2, 3], "thing": Thing(x, [7, 8])}
"""


def told(name: str, row: str, inputs: str, *asks: object, more: str = "") -> FlowCase:
    """A flow whose node `tell` gets `inputs`, with a node `make` before it."""
    definition = f"""
        inputs:
          x: {{type: string, default: dx}}
        outputs:
          said: {{type: string, reference: "${{tell.output}}"}}
        nodes:
        - {{name: make, type: python, source: {{type: code, path: make.py}}, inputs: {{x: "${{inputs.x}}"}}}}
        - {{name: tell, type: python, source: {{type: code, path: tell.py}}, inputs: {inputs}}}
        {more}
        """
    return flow(name, row, definition, *(asks or ({},)), make_py=MAKE, tell_py=TELL)


FLOWS = (
    told("ref-input", "1.2 references", '{a: "${inputs.x}", b: "${flow.x}"}', {}, {"x": "y"}),
    told("ref-whole-only", "1.2 references", '{a: "so ${inputs.x}", b: "${inputs.x} ", e: "$inputs.x"}'),
    told("ref-node", "1.2 references", '{a: "${make.output.a}", b: "${make.output.list}"}'),
    told("ref-node-plain", "1.2 references", '{a: "${make}"}'),
    told("ref-deep", "1.2 references", '{a: "${make.output.a.b[1].c}", b: "${make.output.list[0]}"}'),
    told("ref-quoted-key", "1.2 references", "{a: \"${make.output.a['key with space']}\"}"),
    told(
        "ref-attribute",
        "1.2 references",
        '{a: "${make.output.thing.name}", b: "${make.output.thing.parts[1]}"}',
    ),
    told("ref-no-such-part", "1.2 references", '{a: "${make.output.nothing}"}'),
    told("ref-no-such-index", "1.2 references", '{a: "${make.output.list[7]}"}'),
    told("ref-spaces", "1.2 references", '{a: "${ inputs.x }", b: "${make.output.list }"}'),
    told("ref-other-section", "1.2 references", '{a: "${make.inputs.x}"}'),
    told("lit-dropped", "1.2 literals", '{a: null, b: "", c: "7", d: "true", e: "[1]", f: "{}", g: "2"}'),
    told("lit-typed", "1.2 literals", "{a: 3, b: 4, c: 7.9, d: true, e: [1], f: {z: 1}, g: 3}"),
    told("lit-nested-reference", "1.2 literals", '{a: ["${inputs.x}"], f: {k: "${inputs.x}"}}'),
    told("lit-dates-and-numbers", "1.2 literals", "{a: 2024-01-02, b: 0x10, c: 010}"),
    told("lit-yaml-words", "1.2 literals", "{a: yes, b: off, d: no}"),
    told("lit-bad-int", "1.2 literals", "{c: seven}"),
    told("lit-bad-list", "1.2 literals", "{e: seven}"),
    told("lit-bad-bool", "1.2 literals", "{d: 3}"),
    told("lit-object-text", "1.2 literals", "{f: plain, a: '[1, 2]'}"),
    flow(
        "out-of-order",
        "1.2 order",
        """
        inputs:
          x: {type: string}
        outputs:
          said: {type: string, reference: "${last.output}"}
          context: {type: string, reference: "${first.output}", evaluation_only: true}
        nodes:
        - {name: last, type: python, source: {type: code, path: add.py}, inputs: {x: "${middle.output}", y: "${first.output}"}}
        - {name: middle, type: python, source: {type: code, path: add.py}, inputs: {x: "${first.output}", y: m}}
        - {name: first, type: python, source: {type: code, path: add.py}, inputs: {x: "${inputs.x}", y: f}}
        """,
        {"x": "a"},
        add_py="""
            from promptflow.core import tool

            @tool
            def add(x: str, y: str) -> str:
                return f"({x}+{y})"
        """,
    ),
    flow(
        "output-kinds",
        "1.2 outputs",
        """
        inputs:
          x: {type: object}
        outputs:
          literal: {type: string, reference: just text}
          number: {type: int, reference: 5}
          input: {type: object, reference: "${inputs.x}"}
          alias: {type: object, reference: "${flow.x}"}
          node: {type: object, reference: "${make.output}"}
          part: {type: string, reference: "${make.output.a}"}
        nodes:
        - {name: make, type: python, source: {type: code, path: make.py}, inputs: {x: "${inputs.x}"}}
        """,
        {"x": {"z": 1, "a": [None, True, 1.0, "é"]}},
        make_py="""
            from promptflow.core import tool

            @tool
            def make(x):
                return {"a": "part", "given": x, "nested": ({"tuple": (1, 2)},)}
        """,
    ),
    flow(
        "output-no-such-part",
        "1.2 outputs",
        """
        inputs:
          x: {type: string}
        outputs:
          part: {type: string, reference: "${make.output.b}"}
        nodes:
        - {name: make, type: python, source: {type: code, path: make.py}, inputs: {x: "${inputs.x}"}}
        """,
        {"x": "a"},
        make_py="""
            from promptflow.core import tool

            @tool
            def make(x):
                return {"a": x}
        """,
    ),
    flow(
        "aggregation-left-out",
        "1.2 aggregation",
        """
        inputs:
          x: {type: string}
        outputs:
          line: {type: string, reference: "${line.output}"}
          all: {type: string, reference: "${sum.output}"}
        nodes:
        - {name: line, type: python, source: {type: code, path: line.py}, inputs: {x: "${inputs.x}"}}
        - {name: sum, type: python, source: {type: code, path: sum.py}, aggregation: true, inputs: {lines: "${line.output}"}}
        - {name: old, type: python, source: {type: code, path: sum.py}, reduce: true, inputs: {lines: "${line.output}"}}
        """,
        {"x": "a"},
        line_py="""
            from promptflow.core import tool

            @tool
            def line(x):
                return x * 2
        """,
        sum_py="""
            from promptflow.core import log_metric, tool

            @tool
            def total(lines):
                log_metric("n", len(lines))
                raise ValueError("never in serving")
        """,
    ),
    flow(
        "order-is-kept",
        "1.2 order",
        """
        inputs:
          x: {type: object}
        outputs:
          text: {type: string, reference: "${show.output}"}
        nodes:
        - {name: show, type: prompt, source: {type: code, path: show.jinja2}, inputs: {x: "${inputs.x}"}}
        """,
        {"x": {"zeta": 1, "alpha": {"y": 1, "b": 2}}},
        show_jinja2="{{ x }} {% for k in x %}{{ k }},{% endfor %}\n",
    ),
)
