"""Small flows of every kind, whole and broken, as the files of a ConfigMap."""

from textwrap import dedent

CONNECTION = "open_ai_connection"
DAG = """
    inputs: {query: {type: string}}
    outputs: {reply: {type: string, reference: "${%s.output}"}}
    nodes:
"""
CHAT = """
    - {name: chat, type: llm, source: {type: code, path: chat.jinja2}, connection: %s, api: chat,
       inputs: {model: m, query: "${inputs.query}"}}
"""
SHOUT = """
    - {name: %s, type: python, source: {type: code, path: shout.py}, inputs: {query: "${%s}"}}
"""
TOOL = """
    from promptflow.core import tool

    @tool
    def shout(query: str) -> str:
        return query.upper()
"""
TEMPLATE = "user:\n{{query}}\n"
FLEX = "entry: bot:answer\n"
FUNCTION = """
    def answer(query: str) -> dict:
        return {"reply": f"flex: {query}"}
"""
PROMPTY = """
    ---
    name: chat
    model:
      api: chat
      configuration: {connection: %s, model: m}
      parameters: {max_tokens: 64}
    inputs: {query: {type: string}}
    ---
    user:
    {{query}}
"""
VARIANTS = """
    inputs: {query: {type: string}}
    outputs: {reply: {type: string, reference: "${say.output}"}}
    nodes: [{name: say, use_variants: true}]
    node_variants:
      say:
        default_variant_id: usual
        variants:
          usual: {node: {type: prompt, source: {type: code, path: usual.jinja2}, inputs: {}}}
          chosen: {node: {type: prompt, source: {type: code, path: chosen.jinja2}, inputs: {}}}
"""


def _files(**texts: str) -> dict[str, str]:
    return {name.replace("__", "."): dedent(text).lstrip("\n") for name, text in texts.items()}


def dag(nodes: str, output: str, **files: str) -> dict[str, str]:
    return _files(flow__dag__yaml=dedent(DAG % output) + dedent(nodes), **files)


WHOLE = {
    "dag": dag(CHAT % CONNECTION, "chat", chat__jinja2=TEMPLATE),
    "flex": _files(flow__flex__yaml=FLEX, bot__py=FUNCTION),
    "prompty": _files(chat__prompty=PROMPTY % CONNECTION),
    "variants": _files(flow__dag__yaml=VARIANTS, usual__jinja2="usual", chosen__jinja2="chosen"),
}
BROKEN = {
    "two nodes that wait for each other": dag(
        SHOUT % ("one", "two.output") + SHOUT % ("two", "one.output"), "one", shout__py=TOOL
    ),
    "a reference to no node": dag(SHOUT % ("one", "three.output"), "one", shout__py=TOOL),
    "a tool that is no Python": dag(
        SHOUT % ("one", "inputs.query"), "one", shout__py="def shout(query: str) -> this is no python\n"
    ),
    "a connection that is not there": dag(CHAT % "somebody_elses", "chat", chat__jinja2=TEMPLATE),
    "a flex flow without its entry": _files(flow__flex__yaml=FLEX, bot__py="def reply(): ...\n"),
    "a prompty with a connection that is not there": _files(chat__prompty=PROMPTY % "nobodys"),
    "a prompty without its front matter": _files(chat__prompty="user:\n{{query}}\n"),
}
