"""docs/records.md and the contracts say the same."""

from tests.unit.records_page import PAGE, page


def test_the_page_of_records_has_every_field_as_the_contracts_have_it() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text, "run `make golden` and commit the result"
    assert "| `calls[].tokens.prompt` | whole number | Tokens that went in. |" in text
    assert "| `feedback` | any |" in text
