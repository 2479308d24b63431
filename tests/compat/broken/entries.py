# ruff: noqa: E501 - whole files of flows stand in the lines
"""Broken flex flows and prompties: name, promptflow's error, files."""

CLASS = "class C:\n    def __init__(self, size: int):\n        pass\n\n    def __call__(self, q: str = 'a'):\n        return q\n"
CONNECTED = "from promptflow.core import AzureOpenAIModelConfiguration as A\n\n\nclass C:\n    def __init__(self, c: A):\n        pass\n\n" \
    "    def __call__(self, q: str = 'a'):\n        return q\n"  # fmt: skip
RUN = "def run(q: str = 'a'):\n    return q\n"
MODEL = "---\nmodel:\n  api: chat\n  configuration: {type: openai, connection: llm, model: m}\n"
BODY = "---\nsystem:\nx\nuser:\n{{q}}\n"


def prompty(front: str, body: str = BODY) -> dict[str, str]:
    """The file of a prompty."""
    return {"p.prompty": front + body}


ENTRIES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("entry-empty", "", {"flow.flex.yaml": "entry:\n"}),
    ("entry-missing", "", {"flow.flex.yaml": "inputs: {q: {type: string}}\n"}),
    ("entry-list", "", {"flow.flex.yaml": "entry: [a, b]\n"}),
    ("entry-two-colons", "", {"flow.flex.yaml": "entry: e_two:a:b\n", "e_two.py": RUN}),
    ("entry-syntax", "PythonLoadError", {"flow.flex.yaml": "entry: e_syntax:run\n", "e_syntax.py": "x = 1\n\ndef run(:\n"}),
    ("entry-requirement", "PythonLoadError", {"flow.flex.yaml": "entry: e_needs:run\n", "e_needs.py": "import nobody_has_this_module\n" + RUN}),
    ("entry-init-lacks", "", {"flow.flex.yaml": "entry: e_lacks:C\n", "e_lacks.py": CLASS}),
    ("entry-init-unknown", "FlowEntryInitializationError", {"flow.flex.yaml": "entry: e_other:C\nsample: {init: {size: 1, other: 2}}\n", "e_other.py": CLASS}),
    ("entry-configuration", "FlowEntryInitializationError", {"flow.flex.yaml": "entry: e_conf:C\nsample: {init: {c: {connection: nobody}}}\n", "e_conf.py": CONNECTED}),
    ("entry-inputs-as-list", "", {"flow.flex.yaml": "entry: e_list:run\ninputs: [q]\n", "e_list.py": RUN}),
    ("entry-sample-missing", "", {"flow.flex.yaml": "entry: e_smpl:run\nsample: nowhere.json\n", "e_smpl.py": RUN}),
    ("entry-sample-reference", "", {"flow.flex.yaml": "entry: e_ref:run\nsample: ${file:nowhere.json}\n", "e_ref.py": RUN}),
    ("entry-sample-json", "", {"flow.flex.yaml": "entry: e_json:run\nsample: s.json\n", "e_json.py": RUN, "s.json": "{"}),
    ("entry-yaml", "YAMLError", {"flow.flex.yaml": "entry: e_yaml:run\ninputs: {\n", "e_yaml.py": RUN}),
    ("entry-key-twice", "YAMLError", {"flow.flex.yaml": "entry: e_key:run\nentry: e_key:run\n", "e_key.py": RUN}),
    ("entry-list-as-yaml", "", {"flow.flex.yaml": "- entry\n"}),
    ("entry-language", "", {"flow.flex.yaml": "entry: e_lang:run\nlanguage: csharp\n", "e_lang.py": RUN}),
    ("entry-two-generators", "", {"flow.flex.yaml": "entry: e_gens:run\n", "e_gens.py":
     "from typing import Generator, TypedDict\n\n\nclass R(TypedDict):\n    a: Generator[str, None, None]\n    b: Generator[str, None, None]\n\n\ndef run(q: str = 'a') -> R:\n    return {}\n"}),
    ("entry-returns-object", "", {"flow.flex.yaml": "entry: e_obj:run\n", "e_obj.py": "class R:\n    pass\n\n\ndef run(q: str = 'a') -> R:\n    return R()\n"}),
    ("prompty-front-open", "UserErrorException", {"p.prompty": "---\nname: p\nsystem:\nhello\n"}),
    ("prompty-empty", "UserErrorException", {"p.prompty": ""}),
    ("prompty-bytes", "", {"p.prompty": MODEL + "---\nuser:\n\udcff\n"}),
    ("prompty-front-list", "", prompty("---\n- a\n- b\n")),
    ("prompty-front-text", "", prompty("---\nhello\n")),
    ("prompty-front-empty", "", prompty("---\n")),
    ("prompty-key-twice", "", prompty(MODEL + "name: a\nname: b\n")),
    ("prompty-tab", "", prompty("---\nmodel:\n\tapi: chat\n")),
    ("prompty-api", "", prompty(MODEL.replace("chat", "talk") + "  parameters: {}\n")),
    ("prompty-no-configuration", "", prompty("---\nmodel: {api: chat, parameters: {}}\n")),
    ("prompty-no-parameters", "", prompty(MODEL)),
    ("prompty-model-as-text", "", prompty("---\nmodel: gpt\n")),
    ("prompty-configuration-as-text", "", prompty("---\nmodel: {api: chat, configuration: gpt, parameters: {}}\n")),
    ("prompty-configuration-type", "", prompty("---\nmodel: {api: chat, configuration: {type: telepathy, model: m}, parameters: {}}\n")),
    ("prompty-connection", "", prompty(MODEL.replace("llm", "nobody") + "  parameters: {}\n")),
    ("prompty-connection-type", "", prompty(MODEL.replace("llm", "serp") + "  parameters: {}\n")),
    ("prompty-connection-and-key", "", prompty(MODEL.replace("model: m", "model: m, api_key: k") + "  parameters: {}\n")),
    ("prompty-template", "", prompty(MODEL + "  parameters: {}\n", "---\nuser:\n{% if %}\n")),
    ("prompty-inputs-as-list", "", prompty(MODEL + "  parameters: {}\ninputs: [q]\n")),
    ("prompty-input-type", "", prompty(MODEL + "  parameters: {}\ninputs: {q: {type: words}}\n")),
    ("prompty-default", "", prompty(MODEL + "  parameters: {}\ninputs: {q: {type: int, default: seven}}\n")),
    ("prompty-sample-missing", "", prompty(MODEL + "  parameters: {}\nsample: nowhere.json\n")),
    ("prompty-sample-json", "", {**prompty(MODEL + "  parameters: {}\nsample: s.json\n"), "s.json": "{"}),
    ("prompty-sample-list", "", prompty(MODEL + "  parameters: {}\nsample: [a]\n")),
    ("prompty-tools", "", prompty(MODEL + "  parameters: {tools: hammer}\n")),
    ("prompty-functions", "", prompty(MODEL + "  parameters: {functions: []}\n")),
    ("prompty-parameters-as-list", "", prompty(MODEL + "  parameters: [a]\n")),
    ("prompty-tools-file", "UserErrorException", prompty(MODEL + "  parameters: {tools: '${file:nowhere.json}'}\n")),
)  # fmt: skip
