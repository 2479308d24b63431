# ruff: noqa: E501 - whole files of flows stand in the lines
"""Broken DAGs whose nodes do not fit their tools, prompts or models: name, promptflow's error, definition, files."""

from tests.compat.broken.flows import IO, LLM, NODES, PROMPT, TOOL, python

SOURCE = "{type: code, path: t.py}"
PROVIDER = TOOL + "from promptflow.core import ToolProvider\n\n\nclass P(ToolProvider):\n" \
    "    def __init__(self, size: int):\n        super().__init__()\n        BODY\n\n    @tool\n    def t(self, x: str) -> str:\n        return x\n"  # fmt: skip
CONNECTED = (
    TOOL
    + "from promptflow.connections import OpenAIConnection\n\n\n@tool\ndef t(c: OpenAIConnection, x: str) -> str:\n    return 'x'\n"
)
STRONG = TOOL + "from promptflow.connections import CustomStrongTypeConnection\n\n\nclass Mine(CustomStrongTypeConnection):\n" \
    "    api_key: str\n\n\n@tool\ndef t(c: Mine) -> str:\n    return 'x'\n"  # fmt: skip
AZURE = LLM.replace("CONNECTION", "azure")
OPENAI = LLM.replace("CONNECTION", "llm")

TOOLS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("required-input", "", IO + "nodes:\n" + python(""), {"t_py": TOOL + "\n\n@tool\ndef t(x: str) -> str:\n    return x\n"}),
    ("unknown-parameter", "", IO + "nodes:\n" + python("x: a, y: b"), {}),
    ("required-connection", "", IO + "nodes:\n" + python("x: a"), {"t_py": CONNECTED}),
    ("connection-number", "", IO + "nodes:\n" + python("x: a, c: 5"), {"t_py": CONNECTED}),
    ("strong-connection", "", IO + "nodes:\n" + python("c: llm"), {"t_py": STRONG}),
    ("literal-bool", "NodeInputValidationError", IO + "nodes:\n" + python("x: perhaps"),
     {"t_py": TOOL + "\n\n@tool\ndef t(x: bool) -> str:\n    return 'x'\n"}),
    ("literal-list", "NodeInputValidationError", IO + "nodes:\n" + python("x: '{}'"),
     {"t_py": TOOL + "\n\n@tool\ndef t(x: list) -> str:\n    return 'x'\n"}),
    ("provider-lacks", "MissingRequiredInputs", IO + "nodes:\n" + python("x: a"), {"t_py": PROVIDER.replace("BODY", "pass")}),
    ("provider-reference", "InputTypeMismatch", IO + "nodes:\n" + python('x: a, size: "${inputs.q}"'), {"t_py": PROVIDER.replace("BODY", "pass")}),
    ("provider-raises", "ToolLoadError", IO + "nodes:\n" + python("x: a, size: 1"), {"t_py": PROVIDER.replace("BODY", "raise ValueError('no')")}),
    ("python-is-text", "", IO + NODES.replace("t.py", "t.txt"), {"t_txt": "hello\n"}),
    ("python-bytes", "PythonLoadError", IO + NODES, {"t_py": "x = '\udcff'\n" + TOOL}),
    ("python-import-name", "PythonLoadError", IO + NODES, {"t_py": TOOL + "from json import nothing_of_this_name\n"}),
    ("two-files-one-broken", "PythonLoadError", IO + NODES + python("x: a", name="u").replace("t.py", "u.py"), {"u_py": "def (\n"}),
    ("package-without-tool", "", IO + NODES.replace(SOURCE, "{type: package}"), {}),
    ("package-no-function", "PackageToolNotFoundError", IO + NODES.replace(SOURCE, "{type: package, tool: promptflow.tools.embedding.nothing}"), {}),
    ("custom-llm-no-prompt", "", IO + NODES.replace("type: python", "type: custom_llm").replace(
        SOURCE, "{type: package_with_prompt, tool: promptflow.tools.open_model_llm.OpenModelLLM.call}"), {}),
    ("custom-llm-code", "", IO + NODES.replace("type: python", "type: custom_llm"), {}),
    ("custom-llm-takes-none", "InvalidCustomLLMTool", IO + NODES.replace("type: python", "type: custom_llm").replace(
        SOURCE, "{type: package_with_prompt, path: chat.jinja2, tool: promptflow.tools.embedding.embedding}"), {}),
    ("llm-no-api", "", IO + OPENAI.replace("api: chat, ", ""), {}),
    ("llm-no-prompt", "InvalidSource", IO + OPENAI.replace("chat.jinja2", "nowhere.jinja2"), {}),
    ("llm-no-source", "", IO + OPENAI.replace("source: {type: code, path: chat.jinja2}, ", ""), {}),
    ("llm-no-deployment", "", IO + AZURE, {}),
    ("llm-max-tokens", "NodeInputValidationError", IO + OPENAI.replace("model: m", "model: m, max_tokens: many"), {}),
    ("llm-connection-custom", "InvalidConnectionType", IO + LLM.replace("CONNECTION", "custom"), {}),
    ("llm-completion-word", "NodeInputValidationError", IO + OPENAI.replace("api: chat", "api: completion"), {"chat_jinja2": "{{suffix}} {{q}}"}),
    ("template-end", "TemplateSyntaxError", IO + PROMPT, {"p_jinja2": "a\nb\n{% for x in q %}\n{{ x }}\n"}),
    ("template-brace", "TemplateSyntaxError", IO + PROMPT, {"p_jinja2": "a\n{{ q }\n"}),
    ("template-filter", "", IO + PROMPT, {"p_jinja2": "a\n{{ q | nothing }}\n"}),
    ("template-bytes", "", IO + PROMPT, {"p_jinja2": "a\udcff\n"}),
)  # fmt: skip
