"""Actors, cards and documents of one story: Camille's record, her doctors, and everybody else."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from records.card.card import Card, CardAuthorisation, Emergency
from records.card.consent import ConsentRecord
from records.documents.facts import DocumentFacts
from records.people.actors import Actor
from records.people.identity import INS, INS_NIR_TEST, Traits
from records.vocabulary.codes import DocumentState, ReasonCode, Role

PERMITTING = frozenset(
    {
        ReasonCode.OWN_RECORD,
        ReasonCode.AUTHORISED,
        ReasonCode.ATTENDING_DOCTOR,
        ReasonCode.CONSENT_RECORDED,
        ReasonCode.EMERGENCY,
        ReasonCode.REGULATION_CENTRE,
        ReasonCode.DEPOSIT,
        ReasonCode.OPERATOR,
        ReasonCode.AUTHOR,
        ReasonCode.OWN_ACTIONS,
        ReasonCode.PROVEN,
    }
)
"""The grounds of a permit; every other reason denies."""

NOW = 1_700_000_000
DAY = 86_400

HER_INS = INS("277076322082910", INS_NIR_TEST)
HIS_INS = INS("155067200010159", INS_NIR_TEST)

HOSPITAL = "1750000001"
PRACTICE = "1750000002"

DOCTOR = "899700024450"
ATTENDING = "899700024451"
EXPIRED = "899700024452"
FUTURE = "899700024453"
BLOCKED = "899700024454"
STRANGER = "899700024459"

CARD = Card(
    ins=HER_INS,
    traits=Traits("MARTIN", "Camille", "1977-07-01", "F"),
    consent=ConsentRecord(by=DOCTOR, how="oral", at=NOW - 30 * DAY),
    authorisations=(
        CardAuthorisation(DOCTOR, NOW - DAY, NOW + DAY),
        CardAuthorisation(EXPIRED, NOW - 2 * DAY, NOW),
        CardAuthorisation(FUTURE, NOW + 1, None),
        CardAuthorisation(BLOCKED, NOW - DAY, None),
    ),
    blocks=frozenset({BLOCKED}),
    attending={ATTENDING: None},
    emergency=Emergency(bris_de_glace=True, centre_15=True),
)

CIRCLE = UUID("0190b3a0-0000-4000-8000-0000000000c1")

REPORT = DocumentFacts(
    document_id=UUID("0190b3a0-0000-7000-8000-000000000001"),
    kind="document",
    type_code="11502-2",
    author_structure=HOSPITAL,
    author="",
    labels=frozenset(),
    state=DocumentState.APPROVED,
)


def professional(rpps: str | None = DOCTOR, **changes: Any) -> Actor:
    doctor = Actor(
        role=Role.PROFESSIONAL,
        issuer="demo",
        subject=rpps or "",
        rpps=rpps,
        profession="10",
        structure=PRACTICE,
        sector="SA07",
    )
    return replace(doctor, **changes)


def patient(ins: INS | None = HER_INS) -> Actor:
    return Actor(role=Role.PATIENT, issuer="demo", subject="patient", ins=ins)


def depositor(**changes: Any) -> Actor:
    return replace(Actor(role=Role.DEPOSITOR, issuer="demo", subject="lab", structure=HOSPITAL), **changes)


def operator() -> Actor:
    return Actor(role=Role.OPERATOR, issuer="demo", subject="operator")
