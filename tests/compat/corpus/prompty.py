# ruff: noqa: E501 - whole files of flows stand in the lines
"""Prompty files: every feature of the front matter."""

from typing import Any

from tests.compat.case import SSE, Ask, FlowCase

OPENAI = "{type: openai, connection: llm, model: m}"
BODY = "system:\nBe kind.\n\nuser:\n{{q}}\n"
TOOLS = (
    "[{type: function, function: {name: weather, description: tells it, parameters: {type: object, "
    "properties: {city: {type: string}}, required: [city]}}}]"
)


def prompty(
    name: str,
    *asks: Any,
    configuration: str = OPENAI,
    api: str = "chat",
    parameters: str = "{}",
    model: str = "",
    inputs: str = "{q: {type: string, default: hello}}",
    more: str = "",
    body: str = BODY,
    env: dict[str, str] | None = None,
    files: dict[str, str] | None = None,
    row: str = "1.5 prompty",
) -> FlowCase:
    """A folder with one prompty."""
    head = (
        f"---\nname: {name}\ndescription: made for comparing\nauthors: [one]\ntags: [t]\nmodel:\n  api: {api}\n"
        f"  configuration: {configuration}\n  parameters: {parameters}\n{model}"
        f"inputs: {inputs}\n{more}---\n"
    )
    made = FlowCase(name, row, {f"{name}.prompty": head + body}, (), env or {})
    made.files.update(files or {})
    answered = tuple(each if isinstance(each, Ask) else Ask(each) for each in (asks or ({},)))
    return FlowCase(name, row, made.files, answered, env or {})


FLOWS = (
    prompty(
        "prompty-plain", {}, {"q": "ü"}, {"q": "system:\nbad"}, {"q": 5}, {"q": None}, {"other": 1}, "text"
    ),
    prompty("prompty-required", {"q": "a"}, {}, inputs="{q: {type: string}, r: {type: string, default: d}}"),
    prompty("prompty-short-inputs", {"q": "a"}, {}, inputs="{q: string}"),
    prompty(
        "prompty-input-values",
        {},
        inputs="{q: {type: string, default: from default}, n: {type: int, default: 3}}",
        body="user:\n{{q}} {{n}}\n",
    ),
    prompty(
        "prompty-types",
        {"n": "5", "l": "[1]", "o": '{"a": 1}', "b": "true", "f": "2.5"},
        {"n": "x"},
        {"l": {"a": 1}},
        {},
        inputs="{n: {type: int, default: 1}, l: {type: list, default: []}, o: {type: object, default: {}}, "
        "b: {type: bool, default: false}, f: {type: double, default: 1.5}}",
        body="user:\n{{n}} {{l}} {{o}} {{b}} {{f}}\n",
    ),
    prompty(
        "prompty-parameters",
        parameters='{temperature: 0.3, top_p: 0.5, max_tokens: 99, stop: ["a", b], presence_penalty: 1, '
        'frequency_penalty: 0.5, seed: 3, user: me, logit_bias: {"5": 1}, response_format: {type: text}}',
    ),
    prompty("prompty-n", parameters="{n: 2}"),
    prompty("prompty-max-tokens-text", parameters='{max_tokens: "99", temperature: "0.2"}'),
    prompty("prompty-unknown-parameter", parameters="{max_completion_tokens: 5}"),
    prompty(
        "prompty-azure",
        configuration="{type: azure_openai, connection: azure, azure_deployment: d}",
        parameters="{temperature: 0.1}",
    ),
    prompty(
        "prompty-azure-inline",
        configuration='{type: azure_openai, azure_endpoint: "${env:COMPAT_LLM}", azure_deployment: d, '
        'api_version: "2024-06-01", api_key: "${env:COMPAT_KEY}"}',
        env={"COMPAT_LLM": "{url}", "COMPAT_KEY": "k-1"},
    ),
    prompty(
        "prompty-openai-inline",
        configuration='{type: openai, base_url: "${env:COMPAT_LLM}", model: m, api_key: "${env:COMPAT_KEY}", '
        "organization: org-1}",
        env={"COMPAT_LLM": "{url}/v1", "COMPAT_KEY": "k-1"},
    ),
    prompty(
        "prompty-from-environment-openai",
        configuration="{type: openai, model: m}",
        env={"OPENAI_API_KEY": "k-2", "OPENAI_BASE_URL": "{url}/v1", "OPENAI_ORG_ID": "org-2"},
    ),
    prompty(
        "prompty-from-environment-azure",
        configuration="{type: azure_openai, azure_deployment: d}",
        env={
            "AZURE_OPENAI_API_KEY": "k-3",
            "AZURE_OPENAI_ENDPOINT": "{url}",
            "OPENAI_API_VERSION": "2024-06-01",
        },
    ),
    prompty("prompty-serverless", configuration="{type: openai, connection: serverless, model: m}"),
    prompty("prompty-no-such-connection", configuration="{type: openai, connection: nobody, model: m}"),
    prompty(
        "prompty-missing-env",
        configuration='{type: openai, base_url: "${env:COMPAT_LLM}", model: "${env:COMPAT_MISSING}", api_key: k}',
        env={"COMPAT_LLM": "{url}/v1"},
    ),
    prompty("prompty-json", parameters="{response_format: {type: json_object}}"),
    prompty(
        "prompty-json-outputs",
        parameters="{response_format: {type: json_object}}",
        more="outputs: {answer: {type: string}, score: {type: int}}\n",
    ),
    prompty(
        "prompty-json-missing-output",
        parameters="{response_format: {type: json_object}}",
        more="outputs: {answer: {type: string}, nothing: {type: string}}\n",
    ),
    prompty(
        "prompty-json-invalid", {"q": "!say no json"}, parameters="{response_format: {type: json_object}}"
    ),
    prompty("prompty-outputs-of-text", more="outputs: {answer: {type: string}}\n"),
    prompty("prompty-tools", parameters=f"{{tools: {TOOLS}, tool_choice: auto}}"),
    prompty("prompty-tools-without-choice", parameters=f"{{tools: {TOOLS}}}"),
    prompty("prompty-response-all", model="  response: all\n"),
    prompty("prompty-response-first", model="  response: first\n"),
    prompty(
        "prompty-completion",
        api="completion",
        body="Say {{q}}\n",
        parameters="{max_tokens: 20, temperature: 0.1}",
    ),
    prompty(
        "prompty-completion-stream",
        Ask({}, SSE),
        {},
        api="completion",
        body="Say {{q}}\n",
        parameters="{stream: true}",
    ),
    prompty(
        "prompty-stream",
        Ask({"q": "a b"}, SSE),
        {"q": "a b"},
        Ask({}, "text/html"),
        parameters="{stream: true}",
    ),
    prompty("prompty-stream-not-set", Ask({}, SSE), Ask({}, f"{SSE}, application/json")),
    prompty("prompty-statuses", *({"q": f"!status {status}"} for status in (400, 401, 404))),
    prompty("prompty-empty-answer", {"q": "!empty"}),
    prompty(
        "prompty-history",
        {
            "q": "now",
            "chat_history": [{"role": "user", "content": "before"}, {"role": "assistant", "content": "yes"}],
        },
        {"q": "now", "chat_history": []},
        {"q": "now", "chat_history": [{"role": "user", "content": "system:\nbad"}]},
        inputs="{q: {type: string}, chat_history: {type: list, default: []}}",
        body="system:\nx\n{% for item in chat_history %}\n{{item.role}}:\n{{item.content}}\n{% endfor %}\nuser:\n{{q}}\n",
    ),
    prompty(
        "prompty-roles",
        body="# System:\none\nuser:\ntwo {{q}}\nassistant:\nthree\nfunction:\n## name:\nf\n## content:\nr\n"
        "tool:\n## tool_call_id:\nc1\n## content:\nt\nuser:\nlast\n",
    ),
    prompty("prompty-no-roles", body="just {{q}}\n"),
    prompty(
        "prompty-sample", {}, {"q": "given"}, inputs="{q: {type: string}}", more="sample: {q: from sample}\n"
    ),
    prompty(
        "prompty-sample-file",
        {},
        inputs="{q: {type: string}}",
        more='sample: "${file:s.json}"\n',
        files={"s.json": '{"q": "from file"}'},
    ),
    prompty(
        "prompty-file-references",
        parameters="${file:parameters.json}",
        files={"parameters.json": '{"temperature": 0.7}'},
    ),
    prompty(
        "prompty-file-yaml-and-text",
        parameters='{temperature: "${file:t.yaml}", stop: "${file:stop.txt}"}',
        files={"t.yaml": "0.25\n", "stop.txt": "END"},
    ),
    prompty("prompty-missing-file", parameters='"${file:nowhere.json}"'),
    prompty(
        "prompty-jinja",
        {"q": "x"},
        body="user:\n{% if q == 'x' %}\nyes\n{% else %}\nno\n{% endif %}\n{{ q|upper }}\n",
    ),
    prompty("prompty-jinja-fails", body="user:\n{{ 1 / 0 }}\n"),
    prompty("prompty-undefined", body="user:\n[{{nothing}}]\n"),
    prompty("prompty-dashes-in-body", body="user:\nabove\n---\nbelow {{q}}\n"),
    prompty("prompty-no-inputs", {}, {"q": 1}, "text", inputs="{}", body="user:\nhello\n"),
    prompty(
        "prompty-image",
        {},
        {"q": "data:image/png;base64,iVBORw0KGgo="},
        inputs="{q: {type: image, default: 'data:image/png;base64,iVBORw0KGgo='}}",
        body="user:\nlook\n![image]({{q}})\nend\n",
        row="1.5 images",
    ),
    prompty(
        "prompty-image-dict",
        {},
        {"q": {"data:image/png;base64": "iVBORw0KGgo="}},
        {"q": [{"a": 1}]},
        {"q": {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}},
        inputs="{q: {type: object, default: {'data:image/png;base64': iVBORw0KGgo=}}}",
        body="user:\nlook\n![image]({{q}})\nend\n",
        row="1.5 images",
    ),
    prompty(
        "prompty-image-string",
        inputs="{q: {type: string, default: 'data:image/png;base64,iVBORw0KGgo='}}",
        body="user:\nlook\n![image]({{q}})\n",
        row="1.5 images",
    ),
)
