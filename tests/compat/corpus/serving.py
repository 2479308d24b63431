"""The serving contract: what a request may be, the Accept matrix, the other routes."""

from tests.compat.case import SSE, Ask, flow

ECHO = """
    inputs:
      x: {type: string, default: d}
    outputs:
      a: {type: string, reference: "${inputs.x}"}
    nodes: []
    """
TWO = """
    inputs:
      x: {type: string, default: d}
      y: {type: int, default: 1}
    outputs:
      a: {type: string, reference: "${inputs.x}"}
    nodes: []
    """
STREAM = """
    inputs:
      x: {type: string, default: ab}
    outputs:
      a: {type: string, reference: "${t.output}"}
    nodes:
    - {name: t, type: python, source: {type: code, path: t.py}, inputs: {x: "${inputs.x}"}}
    """
LETTERS = """
    from promptflow.core import tool

    @tool
    def t(x: str):
        yield from x
"""
ACCEPTS = (
    None,
    "",
    "*/*",
    "application/*",
    "application/json",
    "application/json; charset=utf-8",
    "APPLICATION/JSON",
    "text/html",
    "text/*",
    "text/plain, application/json;q=0.5",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    SSE,
    f"{SSE}, */*",
    f"{SSE};q=0.2",
    "application/json;q=0",
    "nonsense",
)
BODIES = (
    "",
    "{}",
    "null",
    "plain text",
    '"json text"',
    "5",
    "true",
    '{"x": "broken"',
    '{"x": "ok"} trailing',
    "[]",
    '[{"x": "a"}]',
    b"\xff\xfe",
    '{"x": "\\ud83d\\ude00 ü", "x": "last wins"}',
    '{"x": NaN}',
    "  \n {}  ",
    b"\xef\xbb\xbf{}",
)

FLOWS = (
    flow("accept-plain", "2.4 accept", ECHO, *(Ask({}, accept) for accept in ACCEPTS)),
    flow("accept-stream", "2.4 accept", STREAM, *(Ask({}, accept) for accept in ACCEPTS), t_py=LETTERS),
    flow("bodies-one-input", "2.2 request", ECHO, *(Ask(body) for body in BODIES)),
    flow("bodies-two-inputs", "2.2 request", TWO, *(Ask(body) for body in BODIES)),
    flow(
        "content-types",
        "2.2 request",
        TWO,
        *(
            Ask({"x": "v"}, headers={"content-type": kind})
            for kind in (
                "text/plain",
                "application/x-www-form-urlencoded",
                "",
                "multipart/form-data; boundary=b",
            )
        ),
    ),
    flow(
        "routes",
        "2.1 routes",
        TWO,
        Ask(None, path="/health", method="GET"),
        Ask(None, path="/version", method="GET"),
        Ask(None, path="/nothing", method="GET"),
        Ask({}, path="/nothing"),
        Ask(None, path="/score", method="GET"),
        Ask(None, path="/score", method="PUT"),
        Ask(None, path="/health", method="POST"),
        Ask({"good": 1}, path="/feedback"),
        Ask("free text", path="/feedback"),
        Ask({"good": 1}, path="/feedback?flatten=true"),
        Ask("free text", path="/feedback?flatten=true"),
        Ask({"x": "q"}, path="/score?a=b"),
        Ask({"x": "q"}, path="/score/"),
    ),
    flow(
        "version-build-info",
        "2.1 routes",
        TWO,
        Ask(None, path="/version", method="GET"),
        env={"BUILD_INFO": '{"build_number": "20240101.1"}'},
    ),
    flow("swagger-plain", "2.1 swagger", TWO, Ask(None, path="/swagger.json", method="GET")),
    flow(
        "swagger-types",
        "2.1 swagger",
        """
        inputs:
          i: {type: int, description: a number}
          d: {type: double, default: 1.5}
          b: {type: bool}
          s: {type: string}
          l: {type: list}
          o: {type: object}
          p: {type: image}
        outputs:
          i: {type: int, reference: "${inputs.i}", description: the number}
          l: {type: list, reference: "${inputs.l}"}
          hidden: {type: string, reference: "${inputs.s}", evaluation_only: true}
        nodes: []
        """,
        Ask(None, path="/swagger.json", method="GET"),
    ),
    flow(
        "swagger-chat",
        "2.1 swagger",
        """
        inputs:
          chat_history: {type: list, default: []}
          question: {type: string, is_chat_input: true}
        outputs:
          answer: {type: string, reference: "${inputs.question}", is_chat_output: true}
        nodes: []
        """,
        Ask(None, path="/swagger.json", method="GET"),
    ),
    flow(
        "swagger-sample",
        "2.1 swagger",
        TWO,
        Ask(None, path="/swagger.json", method="GET"),
        samples_json='[{"x": "from the sample", "y": 7}, {"x": "second"}]',
    ),
    flow(
        "swagger-flex",
        "2.1 swagger",
        """
        entry: m_swagger_flex:run
        inputs:
          q: {type: string, default: d}
        outputs:
          answer: {type: string}
        """,
        Ask(None, path="/swagger.json", method="GET"),
        m_swagger_flex_py="""
            def run(q: str = "d"):
                return {"answer": q}
        """,
    ),
    flow(
        "request-headers",
        "2.6 headers",
        TWO,
        Ask(
            {"x": "v"},
            headers={"x-request-id": "r-1", "traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"},
        ),
        Ask(
            {"x": "v"}, headers={"x-ms-client-request-id": "c-1", "traceparent": "nonsense", "baggage": "a=b"}
        ),
    ),
)
