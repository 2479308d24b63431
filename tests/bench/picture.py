"""Requests per second by flow and subject, as bars on a logarithmic scale. Pure: results in, SVG out."""

import math

from tests.bench.results import Results, median
from tests.bench.subjects import DEFAULT, ENGINE, FLOOR, HAND, SHIPPED

_TITLES = {
    "chat": "chat + Python node",
    "branch": "branching",
    "twenty": "20 nodes, 4 LLM calls",
    "stream": "streaming",
    "flex": "flex class",
}
_SUBJECTS = (
    (DEFAULT, "#c9b8a8"),
    (ENGINE, "#a89684"),
    (HAND, "#8fb3c9"),
    (FLOOR, "#b9bec4"),
    (SHIPPED, "#2f6f4f"),
)
_WIDTH, _LEFT, _RIGHT, _TOP = 960, 170, 70, 74
_BAR, _GAP, _GROUP_GAP = 13, 2, 16
_LOWEST, _HIGHEST = 10, 10_000


def picture(results: Results) -> str:
    """Draw it."""
    parts, y = [_legend()], _TOP
    for flow, title in _TITLES.items():
        height = len(_SUBJECTS) * (_BAR + _GAP)
        parts.append(_text(_LEFT - 10, y + height / 2 + 3, title, "end", 13))
        for subject, colour in _SUBJECTS:
            load = {"flow": flow, "subject": subject.key, "llm_ms": 0, "connections": 16}
            rate = median(results.take(lambda cell: cell.rate, **load).values())
            if rate is not None:
                width = _x(rate) - _LEFT
                parts.append(
                    f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{colour}"/>'
                )
                parts.append(_text(_x(rate) + 5, y + _BAR - 3, f"{rate:,.0f}", "start", 11))
            y += _BAR + _GAP
        y += _GROUP_GAP
    return _page(y, [*_grid(y - _GROUP_GAP), *parts])


def _page(height: float, parts: list[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" width="{_WIDTH}" '
        'font-family="system-ui, sans-serif">'
    )
    ground = f'<rect width="{_WIDTH}" height="{height:.0f}" fill="#ffffff"/>'
    title = _text(
        20, 24, "Requests per second on one CPU, LLM of 0 ms, 16 connections (logarithmic)", "start", 15
    )
    return "\n".join((head, ground, title, *parts, "</svg>", ""))


def _legend() -> str:
    parts, x = [], 20.0
    for subject, colour in _SUBJECTS:
        name = subject.name.partition(" (")[0]
        parts.append(f'<rect x="{x:.0f}" y="40" width="12" height="12" fill="{colour}"/>')
        parts.append(_text(x + 17, 50, name, "start", 11))
        x += 27 + 5.9 * len(name)
    return "\n".join(parts)


def _grid(bottom: float) -> list[str]:
    parts = []
    for power in range(round(math.log10(_LOWEST)), round(math.log10(_HIGHEST)) + 1):
        x = _x(10**power)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 4}" y2="{bottom}" stroke="#e4e4e4"/>')
        parts.append(_text(x, _TOP - 8, f"{10**power:,}", "middle", 10))
    return parts


def _x(rate: float) -> float:
    share = math.log(max(rate, _LOWEST) / _LOWEST) / math.log(_HIGHEST / _LOWEST)
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _text(x: float, y: float, words: str, anchor: str, size: int) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
    return f'<text {place} fill="#333333">{words}</text>'
