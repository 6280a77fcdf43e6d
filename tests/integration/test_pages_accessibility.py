"""Basics of accessibility, checked on every kind of page (RGAA 8.3, 8.5, 9.1, 11.1, 12.6, 12.7)."""

import itertools
import string
from collections.abc import Callable
from pathlib import Path

import pytest

from coffre.demonstration.files import data as demo_data
from tests.integration.pages import Browser, Page
from tests.integration.support import DOCTOR, HOSPITAL, Coffre, Patient
from viewer_api.web.catalogue import catalogue

Visit = Callable[[Coffre, Patient], Page]


def _deposit(coffre: Coffre, patient: Patient) -> None:
    coffre.publish_pdf(coffre.depositor(HOSPITAL), patient.ins, demo_data.report_pdf())
    coffre.stow(coffre.depositor(), patient.ct(), patient.ins)


def _holder(coffre: Coffre, patient: Patient) -> Browser:
    _deposit(coffre, patient)
    return Browser(coffre).sign_in(patient.token)


def _doctor(coffre: Coffre, patient: Patient) -> Browser:
    _deposit(coffre, patient)
    return Browser(coffre).sign_in(coffre.professional(setting="SAMU_SMUR"))


def _refused(coffre: Coffre, patient: Patient) -> tuple[Browser, Page]:
    doctor = _doctor(coffre, patient)
    return doctor, doctor.submit(doctor.get("/").form("/dossier"), 403, ins=patient.ins)


def _study(coffre: Coffre, patient: Patient) -> Page:
    holder = _holder(coffre, patient)
    return holder.get(holder.get("/").link("Voir les images"))


def _wrong_choice(coffre: Coffre, patient: Patient) -> Page:
    holder = _holder(coffre, patient)
    return holder.submit(holder.get("/choix").form("/choix", action="authorise"), 422, professional="1")


def _full_choices(coffre: Coffre, patient: Patient) -> Page:
    patient.authorise()
    patient.call("POST", "/blocks", json={"professional": DOCTOR})
    patient.call("POST", "/attending-doctors", json={"professional": DOCTOR})
    return _holder(coffre, patient).get("/choix")


def _log_as_attending(coffre: Coffre, patient: Patient) -> Page:
    patient.call("POST", "/attending-doctors", json={"professional": DOCTOR})
    return _doctor(coffre, patient).get(f"/dossier/{patient.public_id}/consultations?qui=tous")


def _shown(coffre: Coffre, patient: Patient) -> Page:
    patient.authorise()
    return _holder(coffre, patient).get(f"/choix/{DOCTOR}")


def _teams(coffre: Coffre, patient: Patient) -> Page:
    doctor, page = _refused(coffre, patient)
    doctor.submit(page.form("/accord"))
    return _holder(coffre, patient).get("/equipes")


def _list_result(coffre: Coffre, patient: Patient) -> Page:
    holder = _holder(coffre, patient)
    lines = f"{DOCTOR}\n{DOCTOR}\nDr Martin"
    return holder.submit(holder.get("/equipes").form("/equipes"), name="Réseau", members=lines)


def _wrong_list(coffre: Coffre, patient: Patient) -> Page:
    holder = _holder(coffre, patient)
    return holder.submit(holder.get("/equipes").form("/equipes"), 422, name="Réseau", members="Dr Martin")


def _team(coffre: Coffre, patient: Patient) -> Page:
    holder, result = _holder(coffre, patient), _list_result(coffre, patient)
    return holder.get(result.link("Voir ses membres"))


def _without_consent(coffre: Coffre, patient: Patient) -> Page:
    patient.call("DELETE", "/consent")
    return _holder(coffre, patient).get("/choix")


def _confirmation(coffre: Coffre, patient: Patient) -> Page:
    holder = _holder(coffre, patient)
    return holder.submit(holder.get("/choix").form("/choix", mode="bris_de_glace"))


def _emergency(coffre: Coffre, patient: Patient) -> Page:
    doctor, page = _refused(coffre, patient)
    return doctor.submit(page.form("/dossier", purpose="bris_de_glace"), reason="Arrêt cardiaque, allergies")


def _without_reason(coffre: Coffre, patient: Patient) -> Page:
    doctor, page = _refused(coffre, patient)
    return doctor.submit(page.form("/dossier", purpose="bris_de_glace"), 422, reason="court")


def _after_an_emergency(coffre: Coffre, patient: Patient) -> Page:
    _emergency(coffre, patient)
    return Browser(coffre).sign_in(patient.token).get("/")


def _masked(coffre: Coffre, patient: Patient) -> Page:
    holder = _holder(coffre, patient)
    return holder.submit(next(form for form in holder.get("/").forms if "Masquer" in form.text))


def _wrong_sign_in(coffre: Coffre) -> Page:
    browser = Browser(coffre)
    form = browser.get("/sign-in").form("/sign-in")
    return browser.submit(form, 403, identifier="AAAAA-AAAAA", password="pas le bon mot de passe")


VISITS: dict[str, Visit] = {
    "welcome": lambda coffre, _: Browser(coffre).get("/"),
    "expired": lambda coffre, _: Browser(coffre).get("/link/x", 410),
    "sign-in": lambda coffre, _: Browser(coffre).get("/sign-in"),
    "sign-in to correct": lambda coffre, _: _wrong_sign_in(coffre),
    "code": lambda coffre, _: Browser(coffre).get("/sign-in/code"),
    "a new device": lambda coffre, _: Browser(coffre).get("/sign-in/browser"),
    "letter": lambda coffre, _: Browser(coffre).get("/sign-in/letter"),
    "recover in English": lambda coffre, _: Browser(coffre).get("/sign-in/recover?lang=en"),
    "error": lambda coffre, _: Browser(coffre).get("/choix", 403),
    "documents": lambda coffre, patient: _holder(coffre, patient).get("/"),
    "notices": _after_an_emergency,
    "masked": _masked,
    "documents in English": lambda coffre, patient: _holder(coffre, patient).get("/?lang=en"),
    "study": _study,
    "log": lambda coffre, patient: _holder(coffre, patient).get("/consultations?qui=tous"),
    "log to correct": lambda coffre, patient: _holder(coffre, patient).get("/consultations?du=x", 422),
    "log for an attending doctor": _log_as_attending,
    "choices": _full_choices,
    "choices to correct": _wrong_choice,
    "what a professional is shown": _shown,
    "teams": _teams,
    "a list's result": _list_result,
    "a list to correct": _wrong_list,
    "members of a team": _team,
    "consent withdrawn": _without_consent,
    "confirmation": _confirmation,
    "search": lambda coffre, patient: _doctor(coffre, patient).get("/"),
    "own actions": lambda coffre, patient: _doctor(coffre, patient).get("/mes-consultations"),
    "refused": lambda coffre, patient: _refused(coffre, patient)[1],
    "refused to correct": _without_reason,
    "emergency": _emergency,
}


@pytest.fixture(scope="module")
def pages(coffre: Coffre) -> dict[str, Page]:
    return {name: visit(coffre, coffre.open_record()) for name, visit in VISITS.items()}


@pytest.fixture(params=VISITS)
def page(pages: dict[str, Page], request: pytest.FixtureRequest) -> Page:
    return pages[request.param]


def test_the_page_says_its_language_title_and_fits_a_phone(page: Page) -> None:
    (html,) = page.all("html")
    assert html["lang"] in ("fr", "en")
    assert page.html.count("<title>") == 1
    assert "<title>Coffre –" not in page.html
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.all("meta")


def test_landmarks_are_there_once(page: Page) -> None:
    for tag in ("header", "main", "footer"):
        assert len(page.all(tag)) == 1
    for nav in page.all("nav"):
        assert nav["aria-label"]
    first_link = page.all("a")[0]
    assert first_link["href"] == f"#{page.all('main')[0]['id']}"


def test_headings_descend_without_a_gap(page: Page) -> None:
    levels = [level for level, _ in page.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert all(text.strip() for _, text in page.headings)


def test_every_field_has_a_label_and_every_reference_its_target(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    labelled = {label["for"] for label in page.all("label")}
    for tag, attributes in page.elements:
        if tag in ("input", "textarea", "select") and attributes.get("type") != "hidden":
            assert attributes["id"] in labelled, attributes
        for name in ("aria-describedby", "aria-labelledby", "for"):
            assert set(attributes.get(name, "").split()) <= set(ids)
    assert labelled <= set(ids)


def test_what_must_be_corrected_is_marked_and_described(pages: dict[str, Page]) -> None:
    for name in ("choices to correct", "refused to correct"):
        wrong = [attrs for _, attrs in pages[name].elements if attrs.get("aria-invalid") == "true"]
        assert len(wrong) == 1
        assert len(wrong[0]["aria-describedby"].split()) == 2


def test_buttons_that_look_alike_have_names_apart(page: Page) -> None:
    names = [" ".join(form.text.split()) for form in page.forms if "field" not in form.text]
    small = [name for name in names if name and len(name) < 60]
    assert len(small) == len(set(small)), small
    assert "" not in names


def test_tables_have_headers_and_a_caption(page: Page) -> None:
    assert len(page.all("table")) == len(page.all("caption"))
    if page.all("table"):
        assert all(cell.get("scope") == "col" for cell in page.all("th"))


def test_every_text_of_the_catalogue_speaks_both_languages() -> None:
    for key, (french, english) in catalogue.TEXTS.items():
        assert french.strip(), key
        assert english.strip(), key
        names = [{name for _, name, _, _ in string.Formatter().parse(text)} for text in (french, english)]
        assert names[0] == names[1], key


def test_the_style_sheet_has_contrast_focus_and_print() -> None:
    """Contrast of text on its ground is 4.5 at least (WCAG 1.4.3), of the focus ring 3 (1.4.11)."""
    style = (Path(catalogue.__file__).parents[1] / "static" / "coffre.css").read_text()
    colours = dict(
        line.strip().rstrip(";").split(": ") for line in style.splitlines() if line.startswith("  --")
    )
    grounds = ("--paper", "--shade", "--caution", "--good")
    for ink in ("--ink", "--soft", "--link", "--danger"):
        for ground in grounds:
            assert _contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for ground in ("--main", "--danger"):
        assert _contrast("#ffffff", colours[ground]) >= 4.5
    assert all(_contrast(colours["--focus"], colours[ground]) >= 3 for ground in grounds)
    assert _contrast(colours["--line"], colours["--paper"]) >= 3
    assert ":focus-visible" in style
    assert "@media print" in style
    assert "outline: none" not in style.replace("main:focus { outline: none; }", "")


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
