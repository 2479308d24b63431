"""Damage to a flow's definition, of the kind that a hand or a merge does."""

import random
import re
from dataclasses import replace

from tests.compat.case import FlowCase

WORDS = (
    "inputs",
    "outputs",
    "nodes",
    "name",
    "type",
    "source",
    "path",
    "reference",
    "string",
    "python",
    "code",
    "llm",
    "output",
    "default",
    "entry",
    "api",
    "chat",
)


def damaged(rng: random.Random, case: FlowCase) -> FlowCase:
    """Leave out a line, misspell a word, or lose a file."""
    definition = next(name for name in case.files if name.endswith((".yaml", ".prompty")))
    files = dict(case.files)
    others = [name for name in files if name != definition]
    lines = files[definition].split("\n")
    match rng.randrange(4):
        case 0:
            del lines[rng.randrange(len(lines))]
        case 1 if others:
            del files[rng.choice(others)]
        case 2:
            lines.insert(rng.randrange(len(lines)), rng.choice(lines))
        case _:
            word = rng.choice([word for word in WORDS if word in files[definition]] or ["-"])
            found = rng.choice(list(re.finditer(re.escape(word), files[definition])))
            lines = (
                files[definition][: found.start()] + word[:-1] + "z" + files[definition][found.end() :]
            ).split("\n")
    files[definition] = "\n".join(lines)
    return replace(case, row=f"{case.row} damaged", files=files)
