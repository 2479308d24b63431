"""What docs/redaction.md says of the redactor is what the corpus measures."""

from tests.redaction.__main__ import PAGE, page
from tests.redaction.lookalikes import LOOKALIKES
from tests.redaction.measure import SIZE, corpus
from tests.redaction.planted import SECRETS


def test_the_page_shows_what_is_measured() -> None:
    text = PAGE.read_text()
    assert page(text) == text, "run `make redaction` and look at what changed"


def test_the_corpus_has_three_hundred_different_texts_of_each_sort() -> None:
    for values in (SECRETS, LOOKALIKES):
        made = corpus(values)
        assert len({text for _, _, text in made}) == len(made) == SIZE
        assert all(value in text for _, value, text in made)
