"""The quick search finds what the slow one finds, in every text."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flow_runtime.patterns.find import KINDS, _search
from flow_runtime.patterns.fold import Folded
from tests.redaction import fresh
from tests.redaction.lookalikes import LOOKALIKES
from tests.redaction.measure import corpus
from tests.redaction.planted import SECRETS
from tests.unit import redact_slowly

PIECES = st.sampled_from(
    [
        *(
            value
            for values in (SECRETS, LOOKALIKES, fresh.LOOKALIKES)
            for texts in values.values()
            for value in texts
        ),
        *(secret for pairs in fresh.PLANTED.values() for secret, _ in pairs),
        *(
            "api_key: ",
            "secret_token = '",
            "x" * 20,
            "A1b2" * 6,
            "0" * 12,
            "%20",
            "%2B",
            "%40",
            "\\n",
            "\\u0040",
        ),
        *(
            "\\u002B",
            "&#64;",
            "@",
            "::",
            ".",
            "-",
            "/",
            "+",
            "(",
            " ",
            "\n",
            "。",
            "＠",
            "４",
            "٣",
            "𝟜",
            "–",
            "是",
            "é",
        ),
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=6), max_size=8).map("".join)
MANY = settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def quickly(text: str) -> set[tuple[int, int, str]]:
    return {(start, end, KINDS[rank]) for start, end, rank in _search(text, KINDS)}


@MANY
@given(TEXTS, st.integers(0, 2))
def test_no_find_is_lost_by_a_short_cut(text: str, nests: int) -> None:
    for _ in range(nests):
        text = json.dumps({"arguments": text})
    for parted in (False, True):
        searched = Folded(text, parted=parted).text
        assert quickly(searched) == redact_slowly.search(searched)


@MANY
@given(TEXTS)
def test_a_text_is_folded_as_its_characters_are(text: str) -> None:
    shown = Folded(text)
    if not shown.is_shorter:
        assert shown.text == redact_slowly.folded(text)


@pytest.mark.parametrize("values", [SECRETS, LOOKALIKES], ids=["planted", "look-alikes"])
def test_nor_in_the_corpus(values: dict[str, tuple[str, ...]]) -> None:
    for _, _, text in corpus(values):
        searched = Folded(text).text
        assert quickly(searched) == redact_slowly.search(searched)


@pytest.mark.parametrize(
    ("before", "found"),
    [
        ("Bearer ", True),
        ("bearer:  ", True),
        ("é earer  ", False),
        ("?sig=", True),
        ("?sig=a1B2c3D%40", True),
        ("api_key: ", True),
        ("api_key: \n", False),
    ],
)
def test_what_names_a_key_is_seen_where_it_stands_before_its_run(before: str, found: bool) -> None:
    searched = Folded(before + "a1B2c3D4e5" * 5).text
    assert quickly(searched) == redact_slowly.search(searched)
    assert bool(quickly(searched)) == found
