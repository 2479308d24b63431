# ruff: noqa: E501 - whole rows of values stand in the lines
"""Random prompts: role lines in every spelling, parts, templates, and what breaks them."""

import random

ROLES = ("system", "user", "assistant", "System", "USER", "aSSistant", "function", "tool")
LINES = (
    "Answer {{question}} shortly.", "{{ x }}", "{% if flag %}yes{% else %}no{% endif %}", "{{ items | length }} of them",
    "{% for item in items %}\n- {{ item }}\n{% endfor %}", "", "  indented", "\ttabbed", "# a comment?", "## name:", "user: inline words",
    "note: this", "System says: no", "{{ config }}", "{# a comment #}", "Ünï 東京 🙂", "<system>:", "a\u00a0b", "trailing  ",
    "{{ question | upper }}", "{{ n + 1 if n is number else n }}", "{{ missing }}", "{{ missing.deep }}", "\\n", "assistant", "user :", "{%- set a = 1 -%}{{ a }}", "system\n:", "{{ config.a }}", "{{ config['a'] }}", "{{ items[0] }}", "${inputs.question}", "{{ question | tojson }}", "$system:",
)  # fmt: skip
PARTS = {
    "function": "## name:\nlook_up\n## content:\n",
    "tool": "## tool_call_id:\ncall_1\n## content:\n",
}
CALLS = (
    "## tool_calls:\n[{'id': 'call_1', 'type': 'function', 'function': {'name': 'f', 'arguments': '{}'}}]\n",
    "## tool_calls:\n[broken\n",
    "## tool_calls:\n[]\n",
)


def role_line(rng: random.Random, role: str) -> str:
    """A role line, with what is allowed around it, and a little of what is not."""
    before = rng.choice(("", "", "", "", " ", "  ", "\t", "# ", "#", " # ", "## ", "- "))
    after = rng.choice(("", "", "", "", " ", "  ", "\t", " x", "\r"))
    colon = rng.choice((":", ":", ":", ":", " :", "\uff1a", "::"))
    return f"{before}{role}{colon}{after}"


def message(rng: random.Random) -> str:
    """A role line and what follows."""
    role = rng.choice(("system", "user", "user", "assistant", *ROLES))
    tidy = rng.random() < 0.6
    head = f"{role}:" if tidy else role_line(rng, role)
    part = ""
    if role in PARTS and rng.random() < 0.8:
        part = (
            PARTS[role] if rng.random() < 0.8 else PARTS[role].replace("## ", "##").replace("\n", "\n\n", 1)
        )
    elif role == "assistant" and rng.random() < 0.2:
        part = rng.choice(CALLS)
    elif rng.random() < 0.1:
        part = rng.choice(
            (
                "## name:\nBo\n## content:\n",
                "# name:\nBo\n# content:\n",
                "name:\nBo\ncontent:\n",
                "## name:\nBo Bo\n## content:\n",
                "## name:\nBo\n",
            )
        )
    lines = [rng.choice(LINES) for _ in range(rng.randrange(4))]
    return head + "\n" + part + "".join(f"{line}\n" for line in lines)


def chat(rng: random.Random) -> str:
    """A chat prompt."""
    text = "".join(message(rng) for _ in range(rng.randrange(1, 5)))
    match rng.randrange(14):
        case 0:
            text = "\ufeff" + text
        case 1:
            text = text.replace("\n", "\r\n")
        case 2:
            text = "words before\n" + text
        case 3:
            text = "\n\n" + text.rstrip("\n")
        case 4:
            text = (
                "{% for turn in chat_history %}\nuser:\n{{ turn.inputs.question }}\nassistant:\n{{ turn.outputs.answer }}\n{% endfor %}\n"
                + text
            )
        case 5:
            text = "".join(f"  {line}\n" for line in text.split("\n"))
    return text


def plain(rng: random.Random) -> str:
    """A prompt that is no chat."""
    return "\n".join(rng.choice(LINES) for _ in range(rng.randrange(1, 5))) + rng.choice(("", "\n"))
