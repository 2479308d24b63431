"""Kubernetes quantities: read, compared and written. Pure."""

import re
from decimal import Decimal

_FORM = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(m|n|u|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?")
_BINARY = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
MEBI = 1024**2


def parse(text: str | int) -> Decimal:
    """The value of a quantity, such as 0.5 for 500m; ValueError when it is none."""
    match = _FORM.fullmatch(str(text))
    if match is None:
        raise ValueError(f"{text!r} is not a quantity: write 500m, 1 or 512Mi")
    number, suffix = Decimal(match[1]), match[2] or ""
    if suffix in _BINARY:
        return number * Decimal(1024) ** (_BINARY.index(suffix) + 1)
    return Decimal(number.scaleb(_DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:] or 0)))


def equal(one: object, other: object) -> bool:
    """Whether two spellings mean the same quantity; False when one is none."""
    try:
        return parse(str(one)) == parse(str(other))
    except ValueError:
        return False


def add_mebibytes(text: str, mebibytes: int) -> str:
    """The quantity of memory with some MiB more, in MiB where it is whole, else in bytes."""
    total = int(parse(text)) + mebibytes * MEBI
    return f"{total // MEBI}Mi" if total % MEBI == 0 else str(total)
