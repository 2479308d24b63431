"""Images: both formats, as inputs, in prompts, in Python and as outputs."""

from tests.compat.case import FlowCase, flow

SMALL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
BASIC = {"data:image/png;base64": SMALL}
VISION = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{SMALL}"}}
VISION_BARE = {"type": "image_url", "image_url": {"url": SMALL}}

CHAT = """
    inputs:
      x: {type: TYPE}
    outputs:
      a: {type: string, reference: "${chat.output}"}
    message_format: FORMAT
    nodes:
    - {name: chat, type: llm, source: {type: code, path: chat.jinja2}, connection: llm, api: chat,
       inputs: {model: m, x: "${inputs.x}"}}
    """
LOOK = """
    system:
    x
    user:
    look at
    ![image]({{x}})
    and ![image]({{x}}) inline
"""
ECHO = """
    inputs:
      x: {type: TYPE}
    outputs:
      same: {type: TYPE, reference: "${inputs.x}"}
      kind: {type: string, reference: "${kind.output}"}
      back: {type: object, reference: "${back.output}"}
    message_format: FORMAT
    nodes:
    - {name: kind, type: python, source: {type: code, path: kind.py}, inputs: {x: "${inputs.x}"}}
    - {name: back, type: python, source: {type: code, path: back.py}, inputs: {x: "${inputs.x}"}}
    """
KIND = """
    from promptflow.core import tool

    @tool
    def kind(x) -> str:
        return type(x).__name__
"""
BACK = """
    from promptflow.core import tool

    @tool
    def back(x):
        return {"list": [x], "text": "t"}
"""


def chat(name: str, kind: str, form: str, *asks: object) -> FlowCase:
    """An LLM node with an image in its prompt."""
    text = CHAT.replace("TYPE", kind).replace("FORMAT", form)
    return flow(name, "1.3 images", text, *({"x": ask} for ask in asks), chat_jinja2=LOOK)


def echo(name: str, kind: str, form: str, *asks: object) -> FlowCase:
    """An image through Python."""
    text = ECHO.replace("TYPE", kind).replace("FORMAT", form)
    return flow(name, "1.3 images", text, *({"x": ask} for ask in asks), kind_py=KIND, back_py=BACK)


FLOWS = (
    chat(
        "image-basic",
        "image",
        "basic",
        BASIC,
        {"data:image/jpeg;base64": SMALL},
        {"data:image/*;base64": SMALL},
    ),
    chat("image-basic-string", "image", "basic", SMALL, f"data:image/png;base64,{SMALL}", "no image at all"),
    chat("image-basic-bad", "image", "basic", {"a": 1}, 5, None, [BASIC]),
    chat("image-vision", "image", "openai-vision", VISION, VISION_BARE, SMALL),
    chat("image-vision-in-basic", "image", "basic", VISION),
    chat("image-list", "list", "basic", ["text", BASIC], [BASIC, BASIC], ["only text"]),
    chat("image-list-vision", "list", "openai-vision", [{"type": "text", "text": "hello"}, VISION]),
    chat("image-in-object", "object", "basic", BASIC, {"k": BASIC}),
    chat("image-in-string", "string", "basic", "plain", SMALL),
    chat("image-url-private", "image", "basic", {"data:image/png;url": "{url}/pixel.png"}, "{url}/pixel.png"),
    chat(
        "image-path",
        "image",
        "basic",
        {"data:image/png;path": "nowhere.png"},
        {"data:image/png;path": "../x.png"},
    ),
    echo("image-echo", "image", "basic", BASIC, SMALL),
    echo("image-echo-vision", "image", "openai-vision", VISION),
    echo("image-echo-list", "list", "basic", ["t", BASIC]),
    flow(
        "image-made-by-python",
        "1.3 images",
        """
        inputs:
          x: {type: string, default: x}
        outputs:
          image: {type: image, reference: "${make.output}"}
          a: {type: string, reference: "${chat.output}"}
        nodes:
        - {name: make, type: python, source: {type: code, path: make.py}, inputs: {x: "${inputs.x}"}}
        - {name: chat, type: llm, source: {type: code, path: chat.jinja2}, connection: llm, api: chat,
           inputs: {model: m, x: "${make.output}"}}
        """,
        {},
        make_py="""
            from promptflow.contracts.multimedia import Image
            from promptflow.core import tool

            @tool
            def make(x: str) -> Image:
                return Image(b"\\x89PNG\\r\\n\\x1a\\n" + x.encode(), "image/png")
        """,
        chat_jinja2=LOOK,
    ),
    flow(
        "image-in-history",
        "1.3 images",
        """
        inputs:
          chat_history: {type: list, is_chat_history: true, default: []}
          question: {type: list, is_chat_input: true}
        outputs:
          answer: {type: string, reference: "${chat.output}", is_chat_output: true}
        nodes:
        - {name: chat, type: llm, source: {type: code, path: chat.jinja2}, connection: llm, api: chat,
           inputs: {model: m, chat_history: "${inputs.chat_history}", question: "${inputs.question}"}}
        """,
        {"question": ["what is it", BASIC]},
        {
            "question": ["and now"],
            "chat_history": [{"inputs": {"question": ["look", BASIC]}, "outputs": {"answer": "a dot"}}],
        },
        chat_jinja2="""
            system:
            x
            {% for item in chat_history %}
            user:
            {{item.inputs.question}}
            assistant:
            {{item.outputs.answer}}
            {% endfor %}
            user:
            {{question}}
        """,
    ),
)
