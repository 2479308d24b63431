# ruff: noqa: E501 - whole files of flows stand in the lines
"""Environment variables, package tools, custom LLM tools, and keys that only describe."""

from tests.compat.case import FlowCase, flow

SHOW = """
    import os

    from promptflow.core import tool

    @tool
    def show(x: str = "") -> dict:
        return {name: os.environ.get(name) for name in ("COMPAT_A", "COMPAT_B", "COMPAT_C", "COMPAT_D", "COMPAT_E")}
"""


def shown(name: str, variables: str, env: dict[str, str] | None = None) -> FlowCase:
    """A flow that tells its environment."""
    definition = f"""
        environment_variables: {variables}
        inputs: {{}}
        outputs:
          seen: {{type: object, reference: "${{show.output}}"}}
        nodes:
        - {{name: show, type: python, source: {{type: code, path: show.py}}}}
        """
    return flow(name, "1.2 environment", definition, {}, env=env, show_py=SHOW)


PACKAGE = """
    inputs:
      q: {type: string, default: hello}
    outputs:
      a: {type: object, reference: "${t.output}"}
    nodes:
    - name: t
      type: TYPE
      source: {type: package, tool: TOOL}
      inputs: {INPUTS}
    """


def package(name: str, tool: str, inputs: str, kind: str = "python") -> FlowCase:
    """A node of a built-in package tool."""
    text = PACKAGE.replace("TYPE", kind).replace("TOOL", tool).replace("INPUTS", inputs)
    return flow(name, "1.2 package tools", text, {})


FLOWS = (
    shown("env-text", "{COMPAT_A: a, COMPAT_B: 5, COMPAT_C: true, COMPAT_D: 1.5}"),
    shown("env-json", '{COMPAT_A: {k: [1, null]}, COMPAT_B: [1, "x"], COMPAT_C: {}}'),
    shown(
        "env-outside-wins",
        "{COMPAT_A: inside, COMPAT_B: inside}",
        {"COMPAT_A": "outside", "COMPAT_C": "only"},
    ),
    shown(
        "env-connection",
        '{COMPAT_A: "${llm.api_key}", COMPAT_B: "${custom.region}", COMPAT_C: "${custom.token}"}',
    ),
    shown("env-connection-no-key", '{COMPAT_A: "${llm.nothing}", COMPAT_B: "x${llm.api_key}"}'),
    shown("env-null", "{COMPAT_A: null, COMPAT_B: ''}"),
    flow(
        "additional-includes",
        "1.2 metadata",
        """
        additional_includes: [../shared/words.py, ../shared/texts]
        outputs: {a: {type: string, reference: "${t.output}"}}
        nodes:
        - {name: t, type: python, source: {type: code, path: t.py}}
        """,
        {},
        t_py="""
            from promptflow.core import tool

            import words

            @tool
            def t() -> str:
                return words.loud(open("texts/a.txt").read().strip())
        """,
        words_py="def loud(x):\n    return x.upper()\n",
        texts__a_txt="here already",
    ),
    flow(
        "described",
        "1.2 metadata",
        """
        $schema: https://azuremlschemas.azureedge.net/promptflow/latest/Flow.schema.json
        id: an-id
        name: a name
        display_name: A Name
        type: standard
        description: says things
        tags: {a: b}
        language: python
        environment: {python_requirements_txt: requirements.txt, image: some/image}
        inputs:
          x: {type: string, default: d, description: what}
        outputs:
          a: {type: string, reference: "${t.output}", description: what}
        nodes:
        - name: t
          type: python
          source: {type: code, path: t.py}
          inputs: {x: "${inputs.x}"}
          comment: it does
          enable_cache: true
          module: promptflow.tools.aoai
          provider: AzureOpenAI
        tools:
        - {name: t.py, type: python, source: t.py, function: t, inputs: {x: {type: [string]}}}
        """,
        {},
        t_py="""
            from promptflow.core import tool

            @tool
            def t(x: str) -> str:
                return x
        """,
        requirements_txt="",
    ),
    package(
        "package-embedding",
        "promptflow.tools.embedding.embedding",
        'connection: llm, model: text-embedding-3-small, input: "${inputs.q}"',
    ),
    package(
        "package-embedding-azure",
        "promptflow.tools.embedding.embedding",
        'connection: azure, deployment_name: emb, input: "${inputs.q}"',
    ),
    flow(
        "package-llm-vision",
        "1.2 package tools",
        """
        inputs:
          x: {type: image}
          q: {type: string, default: hello}
        outputs:
          a: {type: string, reference: "${see.output}"}
        nodes:
        - name: see
          type: custom_llm
          source: {type: package_with_prompt, path: see.jinja2, tool: promptflow.tools.openai_gpt4v.OpenAI.chat}
          inputs: {connection: llm, model: m, temperature: 0.5, max_tokens: 30, x: "${inputs.x}", q: "${inputs.q}"}
        """,
        {"x": {"data:image/png;base64": "iVBORw0KGgo="}, "q": "system:\nbad"},
        see_jinja2="""
            # system:
            As an assistant, you see.
            # user:
            {{q}}
            ![image]({{x}})
        """,
    ),
    flow(
        "package-azure-vision",
        "1.2 package tools",
        """
        inputs:
          x: {type: image}
        outputs:
          a: {type: string, reference: "${see.output}"}
        nodes:
        - name: see
          type: custom_llm
          source: {type: package_with_prompt, path: see.jinja2, tool: promptflow.tools.aoai_gpt4v.AzureOpenAI.chat}
          inputs: {connection: azure, deployment_name: v, x: "${inputs.x}"}
        """,
        {"x": {"data:image/png;base64": "iVBORw0KGgo="}},
        see_jinja2="""
            # user:
            ![image]({{x}})
        """,
    ),
    flow(
        "package-called-from-python",
        "1.2 package tools",
        """
        inputs:
          q: {type: string, default: hello}
        outputs:
          a: {type: string, reference: "${t.output}"}
        nodes:
        - {name: t, type: python, source: {type: code, path: t.py}, inputs: {q: "${inputs.q}", c: llm}}
        """,
        {},
        t_py="""
            from promptflow.connections import OpenAIConnection
            from promptflow.core import tool
            from promptflow.tools.openai import chat

            @tool
            def t(q: str, c: OpenAIConnection) -> str:
                return chat(c, prompt="system:\\nx\\nuser:\\n{{q}}\\n", model="m", q=q, temperature=0.2)
        """,
    ),
    flow(
        "azure-called-from-python",
        "1.2 package tools",
        """
        inputs:
          q: {type: string, default: hello}
        outputs:
          a: {type: string, reference: "${t.output}"}
        nodes:
        - {name: t, type: python, source: {type: code, path: t.py}, inputs: {q: "${inputs.q}", c: azure}}
        """,
        {},
        t_py="""
            from promptflow.connections import AzureOpenAIConnection
            from promptflow.core import tool
            from promptflow.tools.aoai import AzureOpenAI

            @tool
            def t(q: str, c: AzureOpenAIConnection) -> str:
                return AzureOpenAI(c).chat(prompt="user:\\n{{q}}\\n", deployment_name="d", q=q)
        """,
    ),
)
