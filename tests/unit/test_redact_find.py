"""What stands beside a secret does not hide it."""

import orjson
import pytest

from flow_runtime.collector.redact.line import redact
from flow_runtime.collector.redact.policy import Policy
from flow_runtime.patterns.find import KINDS, mask


@pytest.mark.parametrize("text", ["room A1 {}", "v2 {} ok", "{} 3rd party", "{} 2x", "A1 {} 5th"])
@pytest.mark.parametrize(
    ("secret", "kind"),
    [
        ("4111 1111 1111 1111", "creditCard"),
        ("4111-1111-1111-1111", "creditCard"),
        ("4111111111111111", "creditCard"),
        ("+49 30 901820", "phone"),
        ("(415) 555-2671", "phone"),
        ("030 901820", "phone"),
        ("203.0.113.195", "ipv4"),
    ],
)
def test_a_digit_of_the_word_beside_a_number_is_no_part_of_it(text: str, secret: str, kind: str) -> None:
    assert mask(text.format(secret), KINDS)[0] == text.format(f"[{kind}]")


@pytest.mark.parametrize(
    "text",
    [
        "+49 170 1234567 2026-11-23 10:00",
        "+1 415 555 2671 10115 Berlin",
        "030 901820 10115 Berlin",
        "030 901820 2026-11-23",
        "(030) 901820 2026 1123",
        "030 901820 030 901821 030 901822",
    ],
)
def test_the_number_after_a_telephone_number_does_not_hide_it(text: str) -> None:
    masked, found = mask(text, ("phone",))
    assert masked.startswith("[phone]")
    assert "9018" not in masked
    assert found


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("postgres://me:p@ss@db.example/x", "postgres://me:[cloudKey]@db.example/x"),
        ("amqp://me:a@b@c@mq:5672", "amqp://me:[cloudKey]@mq:5672"),
        ("https://x:" + "a1B." * 300 + "@host/y", "https://x:[cloudKey]@host/y"),
    ],
)
def test_a_password_in_a_url_may_be_long_and_have_an_at_in_it(url: str, masked: str) -> None:
    assert mask(url, ("cloudKey",))[0] == masked


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (r'said {"phone": "\u002B49 30 901820"}', "phone"),
        (r'said {"mail": "jane\u0040example.com"}', "email"),
        (r"'jane\x40example.com'", "email"),
        ("<a>jane&#x40;example.com</a>", "email"),
    ],
)
def test_an_escaped_plus_or_at_is_seen_within_other_text(text: str, kind: str) -> None:
    masked, found = mask(text, KINDS)
    assert found == [kind]
    assert "example.com" not in masked
    assert "901820" not in masked


def test_many_long_words_after_an_accent_are_no_square() -> None:
    text = "é" + ("a" * 32 + " ") * 40_000
    assert mask(text, ("cloudKey",)) == (text, [])


@pytest.mark.parametrize(
    "text", ["return score\n@app.route('/')", '"quoted"\n@app.route', "-\n@shop.example"]
)
def test_an_at_that_begins_a_line_ends_no_address(text: str) -> None:
    assert mask(text, ("email",)) == (text, [])


def test_an_iban_may_have_wide_gaps() -> None:
    assert mask("DE89  3704 0044  0532 0130 00", KINDS)[0] == "[iban]"


@pytest.mark.parametrize(
    "text",
    [
        "+1 2 3 4 5 6 7 8 " * 6_000,
        "030 901820 " * 10_000,
        "0123 " * 20_000,
        "1 a" * 30_000,
        "://a:" + "@x" * 50_000,
        "a://b:c" + "d" * 90_000,
        "a\\u0040" * 14_000,
        "[" + '{"a":1,"a":":"},' * 6_000 + "1]",
    ],
    ids=lambda text: text[:12],
)
def test_no_text_makes_these_run_away(text: str) -> None:
    """Each is a square for a search that goes back: the suite's limit of 2 s would tell."""
    line = orjson.dumps({"inputs": {"q": text}})
    assert redact(line, Policy(kinds=KINDS)).line is not None
