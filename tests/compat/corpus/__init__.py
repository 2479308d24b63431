"""The corpus: small flows written for the comparison, a module per part of the dialect."""

from tests.compat.case import FlowCase
from tests.compat.corpus import activate, inputs, llm, python_tools, references

CORPUS: tuple[FlowCase, ...] = (
    *inputs.FLOWS,
    *references.FLOWS,
    *python_tools.FLOWS,
    *llm.FLOWS,
    *activate.FLOWS,
)
BROKEN: tuple[FlowCase, ...] = ()
