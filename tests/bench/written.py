"""The flows that are too regular to write by hand: twenty nodes of all kinds, and chains of Python nodes."""

import json
from pathlib import Path
from typing import Any

from tests.bench.byhand.flows import STYLES

_TOOLS = {
    "tidy": '(text: str) -> str:\n    return " ".join(text.split())',
    "words": "(text: str) -> int:\n    return len(text.split())",
    "longer": "(one: str, other: str) -> str:\n    return one if len(one) >= len(other) else other",
    "total": "(a: int, b: int, c: int, d: int) -> int:\n    return a + b + c + d",
}
_DRAFT = "Answer as a {{ style }}: {{ question }}"
_ASK = """system:
You help people who run Kubernetes clusters. Answer in a few sentences, from facts only.

user:
{{ draft }}
"""


def write_twenty(folder: Path) -> Path:
    """Four times prompt, LLM and two Python nodes, side by side; then four Python nodes that join them."""
    nodes = [node for style in STYLES for node in _draft_to_words(style)]
    a, b, c, d = STYLES
    nodes += [
        _python("left", "longer", one=f"${{tidy_{a}.output}}", other=f"${{tidy_{b}.output}}"),
        _python("right", "longer", one=f"${{tidy_{c}.output}}", other=f"${{tidy_{d}.output}}"),
        _python("longest", "longer", one="${left.output}", other="${right.output}"),
        _python(
            "total", "total", **{key: f"${{words_{s}.output}}" for key, s in zip("abcd", STYLES, strict=True)}
        ),
    ]
    outputs = {"answer": ("string", "${longest.output}"), "words": ("int", "${total.output}")}
    return _write(folder, nodes, outputs)


def write_chain(folder: Path, count: int) -> Path:
    """So many Python nodes, one after the other, and no LLM."""
    sources = ["${inputs.question}", *(f"${{tidy_{no}.output}}" for no in range(1, count))]
    nodes = [_python(f"tidy_{no}", "tidy", text=source) for no, source in enumerate(sources, 1)]
    return _write(folder, nodes, {"answer": ("string", f"${{tidy_{count}.output}}")})


def _draft_to_words(style: str) -> list[dict[str, Any]]:
    draft = {"style": style, "question": "${inputs.question}"}
    ask = {"model": "stub", "temperature": 0, "draft": f"${{draft_{style}.output}}"}
    return [
        {"name": f"draft_{style}", "type": "prompt", "source": _code("draft.jinja2"), "inputs": draft},
        {
            "name": f"ask_{style}",
            "type": "llm",
            "source": _code("ask.jinja2"),
            "connection": "llm",
            "provider": "OpenAI",
            "api": "chat",
            "inputs": ask,
        },
        _python(f"tidy_{style}", "tidy", text=f"${{ask_{style}.output}}"),
        _python(f"words_{style}", "words", text=f"${{tidy_{style}.output}}"),
    ]


def _python(name: str, tool: str, **inputs: str) -> dict[str, Any]:
    return {"name": name, "type": "python", "source": _code(f"{tool}.py"), "inputs": inputs}


def _code(path: str) -> dict[str, str]:
    return {"type": "code", "path": path}


def _write(folder: Path, nodes: list[dict[str, Any]], outputs: dict[str, tuple[str, str]]) -> Path:
    folder.mkdir(parents=True)
    for name, rest in _TOOLS.items():
        text = f"from promptflow.core import tool\n\n\n@tool\ndef {name}{rest}\n"
        (folder / f"{name}.py").write_text(text)
    (folder / "draft.jinja2").write_text(_DRAFT)
    (folder / "ask.jinja2").write_text(_ASK)
    dag = {
        "inputs": {"question": {"type": "string"}},
        "outputs": {name: {"type": kind, "reference": source} for name, (kind, source) in outputs.items()},
        "nodes": nodes,
    }
    (folder / "flow.dag.yaml").write_text(json.dumps(dag, indent=1))  # YAML is a superset of JSON
    return folder
