# ruff: noqa: E501 - whole files of flows stand in the lines
"""Conditions, bypassed nodes and variants."""

from tests.compat.case import FlowCase, flow

STEP = """
    from promptflow.core import tool

    @tool
    def step(a=None, b="default b") -> str:
        return f"<{a},{b}>"
"""
KIND = """
    from promptflow.core import tool

    @tool
    def kind(x: str):
        return {"yes": True, "no": False, "one": 1, "text": "true", "none": None}.get(x, x)
"""
CHAT = "system:\nx\nuser:\n{{q}}\n"


def branch(
    name: str, nodes: str, *asks: object, outputs: str = 'out: {type: string, reference: "${last.output}"}'
) -> FlowCase:
    """A flow with an input x, a node `kind`, and further nodes."""
    definition = """
inputs:
  x: {type: string, default: "yes"}
outputs:
  OUTPUTS
nodes:
- {name: kind, type: python, source: {type: code, path: kind.py}, inputs: {x: "${inputs.x}"}}
NODES
""".replace("OUTPUTS", outputs).replace("NODES", nodes)
    return flow(name, "1.2 activate", definition, *({"x": ask} for ask in asks), step_py=STEP, kind_py=KIND)


def step(name: str, inputs: str, activate: str = "") -> str:
    """A node of step.py."""
    condition = f", activate: {activate}" if activate else ""
    return f"- {{name: {name}, type: python, source: {{type: code, path: step.py}}, inputs: {{{inputs}}}{condition}}}"


ALL = ("yes", "no", "one", "text", "none", "other")

FLOWS = (
    branch("act-equality", step("last", 'a: "${kind.output}"', '{when: "${kind.output}", is: true}'), *ALL),
    branch(
        "act-text-true", step("last", 'a: "${kind.output}"', '{when: "${kind.output}", is: "true"}'), *ALL
    ),
    branch("act-one", step("last", 'a: "${kind.output}"', '{when: "${kind.output}", is: 1}'), *ALL),
    branch(
        "act-null", step("last", 'a: "${kind.output}"', '{when: "${kind.output}", is: null}'), "none", "other"
    ),
    branch("act-input", step("last", "a: 1", '{when: "${inputs.x}", is: other}'), "yes", "other"),
    branch("act-literal", step("last", "a: 1", "{when: lit, is: lit}"), "yes"),
    branch(
        "act-branches",
        "\n".join(
            (
                step("left", 'a: "${inputs.x}"', '{when: "${kind.output}", is: true}'),
                step("right", 'a: "${inputs.x}"', '{when: "${kind.output}", is: false}'),
                step("last", 'a: "${left.output}", b: "${right.output}"'),
            )
        ),
        *ALL,
    ),
    branch(
        "act-chain-bypassed",
        "\n".join(
            (
                step("one", 'a: "${inputs.x}"', '{when: "${kind.output}", is: true}'),
                step("two", 'a: "${one.output}"'),
                step("last", 'a: "${two.output}", b: "${inputs.x}"'),
            )
        ),
        "yes",
        "no",
    ),
    branch(
        "act-part-of-bypassed",
        "\n".join(
            (
                step("one", 'a: "${inputs.x}"', '{when: "${kind.output}", is: true}'),
                step("last", 'a: "${one.output.part}", b: "${kind.output}"'),
            )
        ),
        "no",
    ),
    branch(
        "act-runs-on-bypassed-inputs",
        "\n".join(
            (
                step("one", 'a: "${inputs.x}"', '{when: "${kind.output}", is: true}'),
                step("last", 'a: "${one.output}"', '{when: "${inputs.x}", is: "no"}'),
            )
        ),
        "no",
        "yes",
    ),
    branch(
        "act-when-bypassed",
        "\n".join(
            (
                step("one", 'a: "${inputs.x}"', '{when: "${kind.output}", is: true}'),
                step("last", 'a: "${inputs.x}"', '{when: "${one.output}", is: null}'),
            )
        ),
        "no",
        "yes",
    ),
    branch(
        "act-default-for-bypassed",
        "\n".join(
            (
                step("one", 'a: "${inputs.x}"', '{when: "${kind.output}", is: true}'),
                step("last", 'a: "${kind.output}", b: "${one.output}"'),
            )
        ),
        "no",
        "yes",
    ),
    branch(
        "act-outputs",
        step("one", 'a: "${inputs.x}"', '{when: "${kind.output}", is: true}'),
        "no",
        "yes",
        outputs='whole: {type: string, reference: "${one.output}"}\n'
        '  kind: {type: string, reference: "${kind.output}"}',
    ),
    branch(
        "act-part-of-condition",
        step("last", "a: 1", '{when: "${kind.output.no_such}", is: 1}'),
        "no",
    ),
    branch(
        "act-all-bypassed",
        step("one", 'a: "${inputs.x}"', '{when: "${kind.output}", is: never}'),
        "no",
        outputs='whole: {type: string, reference: "${one.output}"}',
    ),
    flow(
        "act-llm",
        "1.2 activate",
        """
        inputs:
          q: {type: string}
        outputs:
          a: {type: string, reference: "${pick.output}"}
        nodes:
        - {name: one, type: llm, source: {type: code, path: chat.jinja2}, connection: llm, api: chat,
           inputs: {model: m1, q: "${inputs.q}"}, activate: {when: "${inputs.q}", is: first}}
        - {name: two, type: llm, source: {type: code, path: chat.jinja2}, connection: llm, api: chat,
           inputs: {model: m2, q: "${inputs.q}"}, activate: {when: "${inputs.q}", is: second}}
        - {name: pick, type: python, source: {type: code, path: pick.py}, inputs: {a: "${one.output}", b: "${two.output}"}}
        """,
        {"q": "first"},
        {"q": "second"},
        {"q": "neither"},
        chat_jinja2=CHAT,
        pick_py="""
            from promptflow.core import tool

            @tool
            def pick(a: str = None, b: str = None) -> str:
                return a or b or "nothing"
        """,
    ),
    flow(
        "variants",
        "1.2 variants",
        """
        inputs:
          q: {type: string, default: hello}
        outputs:
          a: {type: string, reference: "${chat.output}"}
        nodes:
        - {name: chat, use_variants: true}
        - {name: after, type: python, source: {type: code, path: after.py}, inputs: {x: "${chat.output}"}}
        node_variants:
          chat:
            default_variant_id: variant_1
            variants:
              variant_0:
                description: the first
                node: {type: llm, source: {type: code, path: chat.jinja2}, connection: llm, api: chat,
                       inputs: {model: zero, q: "${inputs.q}"}}
              variant_1:
                node: {type: llm, source: {type: code, path: other.jinja2}, connection: azure, api: chat,
                       inputs: {deployment_name: one, temperature: 0.1, q: "${inputs.q}"}}
        """,
        {},
        chat_jinja2=CHAT,
        other_jinja2="user:\nother {{q}}\n",
        after_py="""
            from promptflow.core import tool

            @tool
            def after(x):
                return x
        """,
    ),
    flow(
        "variants-out-of-order",
        "1.2 variants",
        """
        inputs:
          q: {type: string, default: hello}
        outputs:
          a: {type: string, reference: "${last.output}"}
        nodes:
        - {name: last, use_variants: true, comment: moved}
        - {name: first, type: prompt, source: {type: code, path: first.jinja2}, inputs: {q: "${inputs.q}"}}
        node_variants:
          last:
            default_variant_id: only
            variants:
              only:
                node: {type: prompt, source: {type: code, path: last.jinja2}, inputs: {x: "${first.output}"}}
        """,
        {},
        first_jinja2="first {{q}}",
        last_jinja2="last {{x}}",
    ),
)
