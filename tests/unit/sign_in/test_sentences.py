"""Sentences about accounts: right for whoever reads them, and for what leaves here."""

import pytest

from records.errors import Conflict, Invalid
from records.text.languages import Wording, by_language
from sign_in.pages.catalogue.catalogue import TEXTS
from sign_in.pages.sentences import sentence_of


@pytest.fixture(params=["fr", "en"])
def words(request: pytest.FixtureRequest) -> Wording:
    return Wording(request.param, by_language(TEXTS)[request.param])


@pytest.mark.parametrize("code", ["account_exists", "account_changed"])
def test_a_professional_and_the_person_read_the_same_words(words: Wording, code: str) -> None:
    said = sentence_of(words, Conflict("…", code=code))
    assert said != words("sentence.other") and "patient" not in said


def test_a_telephone_is_offered_where_one_is_carried(words: Wording) -> None:
    error = Invalid("…", code="bad_contact")
    assert "phone" not in sentence_of(words, error)
    assert "phone" in sentence_of(words, error, has_telephones=True)
