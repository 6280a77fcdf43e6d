"""Dates, numbers and texts of the pages."""

from datetime import UTC, date, datetime

import pytest

from records.errors import Invalid
from records.text.languages import typographic
from records.vocabulary.codes import ReasonCode
from tests.unit.records.factories import PERMITTING
from viewer_api.web.dates import day, end_of, last_day, moment
from viewer_api.web.log.words import log_line
from viewer_api.web.texts import Texts
from viewer_api.web.words import grouped_ins, professional_number

FR, EN = Texts("fr"), Texts("en")


@pytest.mark.parametrize(
    ("value", "language", "text"),
    [
        (date(2026, 3, 1), "fr", "1er mars 2026"),
        (date(2026, 3, 3), "fr", "3 mars 2026"),
        (date(2026, 3, 1), "en", "1 March 2026"),
    ],
)
def test_days_are_written_as_people_write_them(value: date, language: str, text: str) -> None:
    assert day(value, language) == text


def test_moments_are_those_of_paris_in_summer_and_winter() -> None:
    assert moment(datetime(2026, 7, 1, 22, 5, tzinfo=UTC), "fr") == "2 juillet 2026 à 0\u00a0h\u00a005"
    assert moment(datetime(2026, 1, 1, 22, 5, tzinfo=UTC), "en") == "1 January 2026, 23:05"


def test_an_authorisation_ends_when_its_last_day_does_in_paris() -> None:
    assert end_of("2026-03-28") == int(datetime(2026, 3, 28, 23, tzinfo=UTC).timestamp())
    assert end_of("2026-03-29") == int(datetime(2026, 3, 29, 22, tzinfo=UTC).timestamp())
    assert last_day(end_of("2026-03-29"), "fr") == "29 mars 2026"


@pytest.mark.parametrize("text", ["", "demain", "29/03/2026", "9999-12-31", "2026-02-30"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as error:
        end_of(text)
    assert error.value.code == "bad_authorisation"


@pytest.mark.parametrize("text", ["99700024450", "899700024450", " 8 99700 024450 ", "997 000 244 50"])
def test_a_professional_is_named_with_the_8_or_without(text: str) -> None:
    assert professional_number(text) == "899700024450"


@pytest.mark.parametrize("text", ["", "1", "8", "9970002445", "1899700024450", "٩٩٧٠٠٠٢٤٤٥٠", "<b>"])
def test_what_names_nobody_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        professional_number(text)


def test_an_ins_is_grouped_as_on_the_card_without_losing_a_character() -> None:
    assert grouped_ins("277079999900167") == "2 77 07 99 999 001 67"
    assert grouped_ins("277072A99900167").replace(" ", "") == "277072A99900167"


def test_french_signs_never_begin_a_line() -> None:
    assert typographic("Qui ? « Moi » : oui ; non !") == (
        "Qui\u202f? «\u00a0Moi\u00a0»\u00a0: oui\u202f; non\u202f!"
    )


def test_what_is_filled_in_is_not_a_template() -> None:
    assert EN("document.this", title="{n} {0} {{") == "“{n} {0} {{”"


def event(**changes: object) -> dict[str, object]:
    known: dict[str, object] = {
        "time": "2026-01-05T10:00:00.000+00:00",
        "actor": {"role": "professional", "rpps": "899700024450", "profession": "10", "structure": "1"},
        "action": "retrieve",
        "outcome": "permit",
        "decision": "authorised",
        "purpose": "normal",
        "seq": 1,
    }
    return known | changes


def test_a_line_of_the_log_names_who_and_what() -> None:
    line = log_line(event(object="7"), FR, {"7": "Bilan"})
    assert (line.who, line.numbers) == ("Médecin", ("RPPS 899700024450", "établissement n° 1"))
    assert line.what == "Lecture du document «\u00a0Bilan\u00a0»"
    assert (line.permitted, line.explanation, line.own, line.emergency) == (True, None, False, False)


def test_a_line_says_that_the_server_opened_it_where_it_did() -> None:
    opened = event(object="7", opened_by="gateway")
    french, english = (log_line(opened, t, {"7": "Bilan"}).what for t in (FR, EN))
    assert french == "Lecture du document «\u00a0Bilan\u00a0», ouvert et affiché par le serveur de Coffre"
    assert english == "Reading of the document “Bilan”, opened and shown by the server of Coffre"


def test_a_refusal_says_why_and_an_emergency_its_written_reason() -> None:
    line = log_line(
        event(outcome="deny", decision="opted_out", purpose="bris_de_glace", reason="Arrêt cardiaque"), EN, {}
    )
    assert (line.permitted, line.emergency, line.reason) == (False, True, "Arrêt cardiaque")
    assert line.explanation == "You had forbidden this mode of emergency access."


@pytest.mark.parametrize("reason", sorted(set(ReasonCode) - PERMITTING))
def test_the_log_tells_the_holder_of_a_refusal_and_asks_nothing_of_them(reason: ReasonCode) -> None:
    french, english = (log_line(event(outcome="deny", decision=reason), t, {}).explanation for t in (FR, EN))
    for sentence in (french, english):
        assert sentence and sentence.endswith(".")
        assert not {":", "titulaire", "holder"} & set(sentence.replace(":", " : ").split())


def test_what_the_page_does_not_know_yet_has_words_all_the_same() -> None:
    line = log_line(event(action="anew", actor={"role": "automaton"}), FR, {})
    assert (line.who, line.what) == ("Une personne non identifiée", "Autre opération")
    assert log_line(event(actor={"role": "professional", "profession": "0"}), EN, {}).who == (
        "Professional of unknown profession"
    )
