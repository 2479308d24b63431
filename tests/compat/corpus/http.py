"""The table of HTTP: routes by methods, headers and bodies, over flows of every kind."""

import gzip

from tests.compat.case import SSE, Ask, FlowCase, flow

PATHS = (
    "/score",
    "/health",
    "/version",
    "/swagger.json",
    "/feedback",
    "/health/",
    "//score",
    "/Score",
    "/score%20",
)
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH")
HEADERS = (
    {"content-type": "application/json; charset=utf-8"},
    {"content-type": "application/json; charset=latin-1"},
    {"content-type": "text/csv"},
    {"x-request-id": "a b\tc"},
    {"x-request-id": "1" * 300},
    {"x-ms-client-request-id": ""},
    {"origin": "https://example.org"},
    {"accept-encoding": "gzip, br"},
    {"accept-language": "de"},
    {"authorization": "Bearer x"},
    {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-00", "tracestate": "x=y"},
    {"expect": "200-ok"},
)
BODIES = (
    '{"q": "a", "q": "b"}',
    '{"q": "a"}   ',
    "\n\t{}\r\n",
    '{"q": {"deep": [1, [2, [3]]]}}',
    '{"q": ""}',
    '{"Q": "case"}',
    '{" q": "space"}',
    '{"q": "\\u0000\\u2028\\u001f"}',
    '{"q": "' + "x" * 100_000 + '"}',
    '{"q": 1e400}',
    '{"q": -Infinity}',
    "{'q': 'single'}",
    "q=form",
    gzip.compress(b'{"q": "zipped"}', mtime=0),
    '{"q": "a"}'.encode("utf-16"),
    '{"q": "ü"}'.encode("latin-1"),
)
ACCEPTS = (
    f"{SSE}, application/json",
    f"application/json, {SSE};q=0.1",
    f" {SSE} ",
    "application/*;q=0.1",
    "application/problem+json, */*",
    "application/json,",
    "text/event-stream; charset=utf-8",
)
ASKS = (
    *(Ask({"q": "a"}, headers=headers) for headers in HEADERS),
    *(Ask(body) for body in BODIES),
    *(Ask({"q": "a"}, accept) for accept in ACCEPTS),
)
DAG = """
    inputs: {q: {type: string, default: d}, n: {type: int, default: 1}}
    outputs: {a: {type: string, reference: "${t.output}"}, n: {type: int, reference: "${inputs.n}"}}
    nodes:
    - {name: t, type: python, source: {type: code, path: t.py}, inputs: {q: "${inputs.q}"}}
    """
ECHO = "from promptflow.core import tool\n\n\n@tool\ndef t(q):\n    return str(q)[:50]\n"
PROMPTY = """---
name: http
model:
  api: chat
  configuration: {type: openai, connection: llm, model: m}
  parameters: {temperature: 0}
inputs:
  q: {type: string, default: d}
---
user:
{{q}}
"""


def _flex(name: str, code: str) -> FlowCase:
    made = flow(name, "2 http", f"entry: m_{name.replace('-', '_')}:run\n", *ASKS)
    made.files[f"m_{name.replace('-', '_')}.py"] = code
    return made


FLOWS = (
    flow(
        "http-routes",
        "2 http",
        DAG,
        *(
            Ask({"q": "a"} if method == "POST" else None, path=path, method=method)
            for path in PATHS
            for method in METHODS
        ),
        Ask("[1, 2]", path="/feedback?flatten=true"),
        Ask({"a": {"b": 1}}, path="/feedback?flatten=false"),
        Ask("", path="/feedback"),
        Ask(b"\xff", path="/feedback"),
        Ask({"q": "a"}, path="/score?flatten=true&x=%zz"),
        t_py=ECHO,
    ),
    flow("http-dag", "2 http", DAG, *ASKS, t_py=ECHO),
    flow(
        "http-stream",
        "2 http",
        DAG,
        *ASKS,
        t_py="from promptflow.core import tool\n\n\n@tool\ndef t(q):\n    yield from str(q)[:5]\n",
    ),
    flow("http-prompty", "2 http", PROMPTY, *ASKS),
    _flex("http-flex", "def run(q: str = 'd', n: int = 1) -> str:\n    return str(q)[:50]\n"),
    _flex("http-flex-dict", "def run(q: str = 'd', n: int = 1):\n    return {'a': str(q)[:50], 'n': n}\n"),
)
