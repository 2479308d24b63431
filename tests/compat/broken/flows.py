# ruff: noqa: E501 - whole files of flows stand in the lines
"""The broken flows: name, promptflow's error, definition, files."""

IO = 'inputs: {q: {type: string, default: d}}\noutputs: {a: {type: string, reference: "${t.output}"}}\n'
NODE = 'nodes:\n- {name: t, type: python, source: {type: code, path: t.py}, inputs: {x: "${inputs.q}"}}\n'
LLM = 'nodes:\n- {name: t, type: llm, source: {type: code, path: chat.jinja2}, api: chat, connection: CONNECTION, ' \
    'inputs: {model: m, q: "${inputs.q}"}}\n'  # fmt: skip


def python(inputs: str = 'x: "${inputs.q}"', more: str = "", name: str = "t") -> str:
    """A Python node."""
    return (
        f"- {{name: {name}, type: python, source: {{type: code, path: t.py}}, inputs: {{{inputs}}}{more}}}\n"
    )


NODES = "nodes:\n" + python()
PROMPT = (
    'nodes:\n- {name: t, type: prompt, source: {type: code, path: p.jinja2}, inputs: {q: "${inputs.q}"}}\n'
)
TOOL = "from promptflow.core import tool\n"
VARIANTS = (
    "nodes:\n- {name: t, use_variants: true}\nnode_variants:\n  t:\n    default_variant_id: DEFAULT\n    variants:\n"
    "      one: {node: {type: python, source: {type: code, path: t.py}}}\n"
)

DAGS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("duplicate-node", "DuplicateNodeName", IO + NODES + python(), {}),
    ("no-such-input", "InputReferenceNotFound", IO + "nodes:\n" + python('x: "${inputs.nobody}"'), {}),
    ("input-property", "InputReferenceNotFound", IO + "nodes:\n" + python('x: "${inputs.q.part}"'), {}),
    ("no-such-node", "NodeReferenceNotFound", IO + "nodes:\n" + python('x: "${nobody.output}"'), {}),
    (
        "no-such-node-in-condition",
        "NodeReferenceNotFound",
        IO + "nodes:\n" + python("x: a", ', activate: {when: "${nobody.output}", is: 1}'),
        {},
    ),
    (
        "circle",
        "NodeCircularDependency",
        IO + "nodes:\n" + python('x: "${u.output}"') + python('x: "${t.output}"', name="u"),
        {},
    ),
    ("circle-of-one", "NodeCircularDependency", IO + "nodes:\n" + python('x: "${t.output}"'), {}),
    (
        "circle-by-condition",
        "NodeCircularDependency",
        IO
        + "nodes:\n"
        + python('x: "${u.output}"')
        + python("x: a", ', activate: {when: "${t.output}", is: 1}', name="u"),
        {},
    ),
    (
        "uses-aggregation",
        "InvalidNodeReference",
        IO + "nodes:\n" + python('x: "${u.output}"') + python("x: a", ", aggregation: true", name="u"),
        {},
    ),
    (
        "aggregation-condition",
        "InvalidNodeReference",
        IO + NODES + python("x: a", ', aggregation: true, activate: {when: "${t.output}", is: 1}', name="u"),
        {},
    ),
    (
        "output-of-no-node",
        "OutputReferenceNotFound",
        IO.replace("t.output", "nobody.output") + NODES,
        {},
    ),
    ("output-of-no-input", "OutputReferenceNotFound", IO.replace("t.output", "inputs.nobody") + NODES, {}),
    ("output-empty", "EmptyOutputReference", IO.replace("${t.output}", "") + NODES, {}),
    ("output-without", "EmptyOutputReference", IO.replace(', reference: "${t.output}"', "") + NODES, {}),
    ("template-word", "NodeInputValidationError", IO + LLM.replace("CONNECTION", "llm"),
     {"chat_jinja2": "system:\n{{prompt}}\nuser:\n{{q}}\n"}),
    ("template-parameter", "NodeInputValidationError", IO + LLM.replace("CONNECTION", "llm"),
     {"chat_jinja2": "system:\n{{max_tokens}}\nuser:\n{{q}}\n"}),
    ("prompt-word", "NodeInputValidationError", IO + PROMPT, {"p_jinja2": "{{template}} {{q}}"}),
    ("literal-int", "NodeInputValidationError", IO + "nodes:\n" + python("n: seven"), {}),
    ("literal-temperature", "NodeInputValidationError",
     IO + LLM.replace("CONNECTION", "llm").replace("model: m", "model: m, temperature: warm"), {}),
    ("template-syntax", "TemplateSyntaxError", IO + LLM.replace("CONNECTION", "llm"),
     {"chat_jinja2": "system:\n{% if %}\n"}),
    ("no-file", "InvalidSource", IO + NODES.replace("t.py", "nowhere.py"), {}),
    ("no-path", "InvalidSource", IO + NODES.replace(", path: t.py", ""), {}),
    ("no-prompt-file", "InvalidSource", IO + PROMPT, {}),
    ("no-package-tool", "PackageToolNotFoundError",
     IO + NODES.replace("{type: code, path: t.py}", "{type: package, tool: nobody.has.this}"), {}),
    ("no-custom-llm-tool", "PackageToolNotFoundError",
     IO + NODES.replace("type: python", "type: custom_llm").replace(
         "{type: code, path: t.py}", "{type: package_with_prompt, path: chat.jinja2, tool: nobody.has.this}"), {}),
    ("llm-connection", "GetConnectionError", IO + LLM.replace("CONNECTION", "nobody"), {}),
    ("llm-no-connection", "GetConnectionError", IO + LLM.replace("connection: CONNECTION, ", ""), {}),
    ("python-connection", "GetConnectionError", IO + "nodes:\n" + python("c: nobody"),
     {"t_py": TOOL + "from promptflow.connections import OpenAIConnection\n\n\n@tool\n"
      "def t(c: OpenAIConnection) -> str:\n    return 'x'\n"}),
    ("python-connection-type", "NodeInputValidationError", IO + "nodes:\n" + python("c: azure"),
     {"t_py": TOOL + "from promptflow.connections import OpenAIConnection\n\n\n@tool\n"
      "def t(c: OpenAIConnection) -> str:\n    return 'x'\n"}),
    ("llm-connection-type", "InvalidConnectionType", IO + LLM.replace("CONNECTION", "serp"), {}),
    ("llm-api", "APINotFound", IO + LLM.replace("CONNECTION", "llm").replace("api: chat", "api: talk"), {}),
    ("no-tool", "NoToolDefined", IO + NODES, {"t_py": "def t(x):\n    return x\n"}),
    ("two-tools", "MultipleToolsDefined", IO + NODES,
     {"t_py": TOOL + "\n\n@tool\ndef t(x):\n    return x\n\n\n@tool\ndef u(x):\n    return x\n"}),
    ("syntax", "PythonLoadError", IO + NODES, {"t_py": TOOL + "def t(:\n"}),
    ("import", "PythonLoadError", IO + NODES, {"t_py": "import nobody_has_this_module\n"}),
    ("raises-at-import", "PythonLoadError", IO + NODES, {"t_py": TOOL + "raise ValueError('no')\n"}),
    ("no-default-variant", "UserErrorException", IO + VARIANTS.replace("DEFAULT", "two"), {}),
    ("no-variants", "UserErrorException", IO + "nodes:\n- {name: t, use_variants: true}\n", {}),
    ("condition-without-when", "FlowDefinitionError", IO + "nodes:\n" + python("x: a", ", activate: {is: 1}"), {}),
    ("condition-without-is", "FlowDefinitionError",
     IO + "nodes:\n" + python("x: a", ', activate: {when: "${inputs.q}"}'), {}),
    ("no-such-type", "ValueError", IO.replace("string, default", "number, default") + NODES, {}),
    ("no-node-type", "NotImplementedError", IO + NODES.replace("type: python, ", ""), {}),
    ("no-such-node-type", "ValueError", IO + NODES.replace("type: python, ", "type: perl, "), {}),
    ("no-source", "UserErrorException", IO + NODES.replace("source: {type: code, path: t.py}, ", ""), {}),
    ("no-node-name", "OutputReferenceNotFound", IO + NODES.replace("name: t, ", ""), {}),
    ("no-yaml", "YAMLError", "inputs: {\n", {}),
    ("list-as-yaml", "AttributeError", "- 1\n- 2\n", {}),
)  # fmt: skip

PROMPTY = (
    "---\nmodel:\n  api: chat\n  configuration: {type: openai, connection: llm, model: m}\n  parameters: {}\n"
)
FILES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("nothing-there", "UserErrorException", {"readme.txt": "no flow"}),
    ("two-definitions", "ValidationException", {"flow.dag.yaml": "nodes: []\n", "flow.flex.yaml": "entry: m:f\n"}),
    ("entry-no-colon", "InvalidFlexFlowEntry", {"flow.flex.yaml": "entry: m_no_colon\n", "m_no_colon.py": "x = 1\n"}),
    ("entry-no-module", "PythonLoadError", {"flow.flex.yaml": "entry: m_nowhere:run\n"}),
    ("entry-no-function", "PythonLoadError", {"flow.flex.yaml": "entry: m_lacks:run\n", "m_lacks.py": "x = 1\n"}),
    ("entry-not-callable", "PythonLoadError", {"flow.flex.yaml": "entry: m_value:run\n", "m_value.py": "run = 1\n"}),
    ("entry-import-fails", "PythonLoadError",
     {"flow.flex.yaml": "entry: m_raises:run\n", "m_raises.py": "raise ValueError('no')\n"}),
    ("entry-init-fails", "FlowEntryInitializationError",
     {"flow.flex.yaml": "entry: m_init:C\n", "m_init.py": "class C:\n    def __init__(self):\n        "
      "raise ValueError('no')\n\n    def __call__(self, q: str = 'a'):\n        return q\n"}),
    ("class-no-call", "AttributeError",
     {"flow.flex.yaml": "entry: m_no_call:C\n", "m_no_call.py": "class C:\n    def __init__(self):\n        pass\n"}),
    ("flex-connection", "FlowEntryInitializationError",
     {"flow.flex.yaml": "entry: m_conn:C\nsample: {init: {c: nobody}}\n",
      "m_conn.py": "from promptflow.connections import OpenAIConnection\n\n\nclass C:\n    def __init__(self, c: "
      "OpenAIConnection):\n        pass\n\n    def __call__(self, q: str = 'a'):\n        return q\n"}),
    ("prompty-no-front", "UserErrorException", {"p.prompty": "system:\nhello\n"}),
    ("prompty-yaml", "ParserError", {"p.prompty": "---\nmodel: {\n---\nuser:\nx\n"}),
    ("prompty-file", "UserErrorException",
     {"p.prompty": PROMPTY + 'sample: "${file:nowhere.json}"\n---\nuser:\nx\n'}),
    ("prompty-no-model", "TypeError", {"p.prompty": "---\nname: p\n---\nuser:\nx\n"}),
    ("two-prompties", "UserErrorException",
     {"a.prompty": PROMPTY + "---\nuser:\nx\n", "b.prompty": PROMPTY + "---\nuser:\nx\n"}),
)  # fmt: skip
