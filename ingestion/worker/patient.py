"""Compare the INS and the traits that a content claims with the record it is deposited in.

A content may name its person in several places: the header of an instance, a CDA inside it, a FHIR Patient
beside it.
"""

from collections.abc import Iterable

from content.facts import DicomFacts, Facts
from content.person import Identifier, Person
from ingestion.envelope import Declared
from ingestion.outcomes import JUDGEMENTS, Judgement, PartOutcome
from records.errors import Invalid
from records.people.identity import INS, KNOWN_OIDS, default_oid
from records.people.traits import ClaimedTraits, read_birth_date, read_sex
from records.vocabulary.codes import Environment
from records.vocabulary.person_warnings import (
    OTHER_PERSON,
    PERSON_WARNINGS,
    person_codes,
    set_aside_sentences,
)

INS_ISSUER = "ASIP-SANTE-INS-"
PUBLISHED = JUDGEMENTS["published"].code


def persons_in(facts: Facts | None, declared: Declared) -> list[Person]:
    """Every person that the facts of a part, and the envelope it came in, speak of as the patient."""
    inside = (facts.patient, *facts.document_patients) if isinstance(facts, DicomFacts) else ()
    return [*inside, *declared.patients]


def claimed_ins(persons: Iterable[Person], environment: Environment) -> list[str]:
    """Every INS the content claims, as `matricule|oid`; a claimed value that is no INS counts as "invalid".

    Only an issuer that says so makes an identifier an INS; any other PatientID is a local identifier (R2).
    """
    claims = (each for person in persons for each in person.identifiers if _says_ins(each))
    return [_value(each, environment) for each in claims]


def claimed_traits(persons: Iterable[Person]) -> tuple[ClaimedTraits, ...]:
    """What each place says of the person, read as far as it is known."""
    return tuple(
        ClaimedTraits(
            person.family_names,
            person.given_names,
            read_birth_date(person.birth_date or ""),
            read_sex(person.sex or ""),
        )
        for person in persons
    )


def contradicts(claims: list[str], expected: str) -> bool:
    """Whether the content says it is somebody else's. Without an OID in the file the matricule decides."""
    matricule = expected.partition("|")[0]
    return any(claim.partition("|")[0] != matricule for claim in claims)


def with_person_warnings(judgement: Judgement, codes: Iterable[str]) -> Judgement:
    """The judgement with what speaks of the person first, French and English; repairs of the file after."""
    found = person_codes(codes)
    if not found:
        return judgement
    french, english = zip(*(PERSON_WARNINGS[code] for code in found), strict=True)
    form = [] if judgement.code == PUBLISHED else [judgement.reason]
    return Judgement(judgement.outcome, found[0], " ".join((*french, *english, *form)))


def other_person(codes: Iterable[str]) -> Judgement:
    """Set aside: these traits differ."""
    return Judgement(PartOutcome.QUARANTINED, OTHER_PERSON, " ".join(set_aside_sentences(codes)))


def _says_ins(identifier: Identifier) -> bool:
    return (identifier.issuer or "").startswith(INS_ISSUER) or identifier.oid in KNOWN_OIDS


def _value(identifier: Identifier, environment: Environment) -> str:
    oid = identifier.oid if identifier.oid in KNOWN_OIDS else default_oid(environment)
    try:
        return INS.parse(identifier.value or "", oid).value
    except Invalid:
        return "invalid"
