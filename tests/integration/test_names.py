"""Names of professionals and structures on pages: beside their numbers, before anybody is authorised."""

from collections.abc import Iterator

import pytest

from records.people.directory import DirectoryEntry, Exercise, Person, Structure
from tests.integration.pages import Browser
from tests.integration.support import Coffre, Patient

CLAIRE = Person("899700077001", "MARTIN", "Claire")
CABINET = Structure("1750000771", "CABINET DES LILAS", "ROUEN")
HOSPITAL = Structure("1750000772", "HÔPITAL DU PARC", "")


@pytest.fixture(autouse=True)
def directory(coffre: Coffre) -> None:
    entries = [
        DirectoryEntry(CLAIRE, Exercise(CLAIRE.number, "10", "SM26", place.number, "SA07"), place)
        for place in (CABINET, HOSPITAL)
    ]
    with coffre.system() as system:
        system.index.put_directory(entries, at=1)


@pytest.fixture
def holder(coffre: Coffre, patient: Patient) -> Iterator[Browser]:
    yield Browser(coffre).sign_in(patient.token)


@pytest.mark.parametrize("action", ["authorise", "block", "name_attending"])
def test_whom_a_choice_is_about_is_named_before_it_is_made(holder: Browser, action: str) -> None:
    form = holder.get("/choix").form("/choix", action=action)
    asked = holder.submit(form, professional=CLAIRE.number)
    assert "C'est bien cette personne ? Claire MARTIN (RPPS 899700077001)" in asked.text
    assert "Médecin, CABINET DES LILAS, ROUEN (établissement n° 1750000771)" in asked.text
    assert "Médecin, HÔPITAL DU PARC (établissement n° 1750000772)" in asked.text
    done = holder.submit(asked.form("/choix", action=action))
    assert "Claire MARTIN (RPPS 899700077001)" in done.text


def test_a_number_without_a_name_says_so(holder: Browser) -> None:
    form = holder.get("/choix").form("/choix", action="authorise")
    asked = holder.submit(form, professional="899700077009")
    assert "Aucun nom n'est connu pour ce numéro." in asked.text and "899700077009" in asked.text


def test_traces_and_lists_name_who_acted_and_where_documents_come_from(
    coffre: Coffre, holder: Browser, patient: Patient
) -> None:
    patient.authorise(CLAIRE.number)
    coffre.publish_pdf(coffre.depositor(HOSPITAL.number), patient.ins, b"%PDF-1.4\n%%EOF", title="X")
    doctor = Browser(coffre).sign_in(coffre.professional(CLAIRE.number, CABINET.number))
    first = doctor.get("/")
    assert "Claire MARTIN, RPPS 899700077001, CABINET DES LILAS, ROUEN" in first.text
    doctor.submit(first.form("/dossier"), ins=patient.ins)
    own = doctor.get("/mes-consultations").text
    assert "Claire MARTIN, RPPS 899700077001" in own
    log = holder.get("/consultations").text
    assert "Claire MARTIN, RPPS 899700077001" in log
    assert "CABINET DES LILAS, ROUEN (établissement n° 1750000771)" in log
    assert "Claire MARTIN (RPPS 899700077001)" in holder.get(f"/choix/{CLAIRE.number}").text


def test_a_name_with_signs_of_html_is_text(coffre: Coffre, holder: Browser) -> None:
    hostile = Person("899700077002", "<script>alert(1)</script>", "O'Neil")
    with coffre.system() as system:
        system.index.put_directory([DirectoryEntry(hostile, None, None)], at=1)
    asked = holder.submit(
        holder.get("/choix").form("/choix", action="authorise"), professional=hostile.number
    )
    assert "O'Neil <SCRIPT>ALERT(1)</SCRIPT> (RPPS" in asked.text and not asked.all("script")
    assert "Aucun lieu d'exercice n'est connu" in asked.text
