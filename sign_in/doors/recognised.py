"""A professional whom a card or a provider has told us of, before it is known where he acts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

from records.people.directory import Exercise, Person, Practice, Structure
from records.vocabulary.codes import Role
from sign_in.certificates.holders import CardHolder
from sign_in.certificates.trust import CertificateRefused
from sign_in.federation.exercises import Professional
from sign_in.tokens.proven import Means, Proven
from storage.ports.index_parts import Named


@dataclass(frozen=True, slots=True)
class RecognisedProfessional:
    """`number` is the PSIdNat, `name` what pages say; there is at least one practice. `proven_at`: unix
    seconds."""

    number: str = field(repr=False)
    name: str = field(repr=False)
    practices: Sequence[Practice] = field(repr=False)
    means: Means
    proven_at: int

    @property
    def subject(self) -> str:
        """The natural person, whichever door he came through."""
        return f"rpps:{self.number}"

    def acting(self, practice: Practice) -> Proven:
        """What the door has proven, in one of his practices."""
        exercise = practice.exercise
        claims = {
            "rpps": self.number,
            "profession": exercise.profession,
            "structure": exercise.structure,
            "sector": exercise.sector,
        }
        return Proven(Role.PROFESSIONAL, self.subject, claims, self.means, self.proven_at)


def by_card(holder: CardHolder, directory: Named, at: int) -> RecognisedProfessional:
    """The holder of a card, with the exercises of the directory in the profession that the card says.

    Raises `CertificateRefused` "card_without_exercise" where the directory knows none.
    """
    exercises = [
        each
        for each in directory.exercises(holder.number)
        if each.sector and holder.profession in (None, each.profession)
    ]
    places = directory.structures({each.structure for each in exercises})
    practices = tuple(
        Practice(each, places.get(each.structure, Structure(each.structure, "", ""))) for each in exercises
    )
    if not practices:
        raise CertificateRefused(
            "The directory knows no place where you exercise in the profession of this card. Sign in with "
            "Pro Santé Connect, or have the hosting team import the directory anew.",
            code="card_without_exercise",
        )
    person = Person(holder.number, holder.family_name, holder.given_name)
    return RecognisedProfessional(holder.number, person.name, practices, Means.CARD, at)


def by_provider(told: Professional, at: int) -> RecognisedProfessional:
    """Whom Pro Santé Connect has recognised, with the exercises that it names itself."""
    person = told.person
    return RecognisedProfessional(person.number, person.name, told.practices, Means.PRO_SANTE_CONNECT, at)


def to_json(who: RecognisedProfessional) -> dict[str, Any]:
    """As it is sealed between two requests."""
    return {
        "number": who.number,
        "name": who.name,
        "means": who.means.value,
        "at": who.proven_at,
        "practices": [
            [*astuple(each.exercise)[1:], each.structure.title, each.structure.town] for each in who.practices
        ],
    }


def from_json(value: Mapping[str, Any]) -> RecognisedProfessional:
    """What `to_json` made, from a row that opened."""
    number = value["number"]
    practices = tuple(_practices(number, value["practices"]))
    return RecognisedProfessional(number, value["name"], practices, Means(value["means"]), value["at"])


def _practices(number: str, rows: Iterable[Sequence[str]]) -> Iterable[Practice]:
    for profession, specialty, structure, sector, title, town in rows:
        exercise = Exercise(number, profession, specialty, structure, sector)
        yield Practice(exercise, Structure(structure, title, town))
