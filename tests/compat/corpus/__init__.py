"""The corpus: small flows written for the comparison, a module per part of the dialect."""

from tests.compat.case import FlowCase
from tests.compat.corpus import (
    activate,
    environment,
    flex,
    http,
    images,
    inputs,
    llm,
    people,
    prompty,
    python_tools,
    references,
    serving,
    whole,
)

CORPUS: tuple[FlowCase, ...] = (
    *inputs.FLOWS,
    *references.FLOWS,
    *python_tools.FLOWS,
    *activate.FLOWS,
    *llm.FLOWS,
    *images.FLOWS,
    *environment.FLOWS,
    *flex.FLOWS,
    *prompty.FLOWS,
    *serving.FLOWS,
    *http.FLOWS,
    *whole.FLOWS,
    *people.FLOWS,
)
