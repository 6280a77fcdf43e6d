"""The path of the demo through its pages, as data: `coffre demo --serve` prints it, a test walks it.

Names of links, buttons and fields are keys of the pages' texts, so that what is printed stands on the pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from coffre.demonstration.files.data import PATIENT_INS
from coffre.demonstration.people.cast import DOCTOR
from viewer_api.web.texts import Texts

REASON = "Malaise, patiente inconsciente"


class Way(StrEnum):
    LINK = "link"
    BUTTON = "button"
    FIELD = "field"
    SHOWN = "shown"
    """Nothing is clicked: this is there by then."""


@dataclass(frozen=True, slots=True)
class Click:
    """`name` is a key of the pages' texts; `value` is typed into a field."""

    way: Way
    name: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Walk:
    """What one person does in a row, from the page after the sign-in or where the last walk ended."""

    who: str
    clicks: tuple[Click, ...]
    told: tuple[str, str]
    """What it shows, in French and in English."""


def _link(*names: str) -> tuple[Click, ...]:
    return tuple(Click(Way.LINK, name) for name in names)


_FINDS = (
    *_link("nav.search"),
    Click(Way.FIELD, "search.ins", PATIENT_INS),
    Click(Way.BUTTON, "search.open"),
)
_LOOKS = (*_link("document.see", "study.open_here"), Click(Way.SHOWN, "viewer.fetched.title"))
WALKS: Sequence[Walk] = (
    Walk(
        "doctor",
        (*_FINDS, Click(Way.SHOWN, "refused.title")),
        ("Personne ne l'a encore autorisé : le dossier reste fermé.", "Nobody has authorised him: refused."),
    ),
    Walk(
        "patient",
        (
            *_link("nav.choices"),
            Click(Way.FIELD, "rpps", DOCTOR),
            Click(Way.BUTTON, "authorise.submit"),
            Click(Way.BUTTON, "confirm.yes"),
        ),
        (
            "La patiente lit le nom du médecin, confirme, et l'autorise.",
            "The patient reads the doctor's name, confirms, and authorises him.",
        ),
    ),
    Walk(
        "doctor",
        (*_FINDS, *_LOOKS),
        (
            "Son navigateur déchiffre les images ; sous l'image, ce qui a été reçu, et d'où.",
            "His browser decrypts the images; below them, what was fetched and from where.",
        ),
    ),
    Walk(
        "patient",
        (*_link("nav.documents"), *_LOOKS),
        ("La patiente voit les mêmes images.", "The patient sees the same images."),
    ),
    Walk(
        "emergency",
        (
            *_FINDS,
            Click(Way.FIELD, "emergency.reason", REASON),
            Click(Way.BUTTON, "emergency.break"),
            Click(Way.SHOWN, "banner.title"),
        ),
        (
            "Bris de glace : la première page de la patiente l'en avertit.",
            "The glass is broken: the patient's first page tells her.",
        ),
    ),
    Walk(
        "patient",
        (*_link("nav.log"), Click(Way.SHOWN, "check.title"), *_link("check.proofs")),
        (
            "La page contrôle elle-même la liste ; les preuves se vérifient par coffre audit proof.",
            "The page checks its list itself; coffre audit proof verifies the proofs.",
        ),
    ),
)
_PEOPLE = {
    "fr": {"doctor": "médecin", "patient": "patiente", "emergency": "urgences"},
    "en": {"doctor": "doctor", "patient": "patient", "emergency": "emergency doctor"},
}
_TITLES = {"fr": "Où cliquer", "en": "Where to click"}


def guide(language: str) -> str:
    """The path in words, a walk a paragraph."""
    t, people, said = Texts(language), _PEOPLE[language], ("fr", "en").index(language)
    found, colon = [_TITLES[language]], {"fr": " :", "en": ":"}[language]
    for number, walk in enumerate(WALKS, 1):
        steps = " > ".join(_said(click, t) for click in walk.clicks)
        found.append(f"  {number}. {people[walk.who]}{colon} {steps}\n     {walk.told[said]}")
    return "\n".join(found)


def _said(click: Click, t: Texts) -> str:
    name = t(click.name)
    match click.way:
        case Way.FIELD:
            return f"{name} = {click.value}"
        case Way.SHOWN:
            return f"({name})"
        case _:
            return f"[{name}]"
