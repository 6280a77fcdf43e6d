"""Whose content is it: the INS and the traits a content claims, in every place that names a patient."""

from dataclasses import replace
from typing import Any

import pytest

from content.byte_source import BytesSource
from content.dicom.instance import inspect_dicom
from content.person import LONGEST, MOST_IDENTIFIERS, MOST_NAMES, Identifier, Person, person, readable
from ingestion.envelope import Declared
from ingestion.grouping import InspectedPart
from ingestion.outcomes import JUDGEMENTS, Judgement, PartOutcome
from ingestion.worker.patient import (
    claimed_ins,
    claimed_traits,
    contradicts,
    other_person,
    persons_in,
    with_person_warnings,
)
from ingestion.worker.rejudging import as_planned, overruled
from records.people.identity import INS_NIR_DEMO, INS_NIR_TEST
from records.people.traits import ClaimedTraits
from records.vocabulary.codes import Environment
from records.vocabulary.person_warnings import PERSON_WARNINGS
from tests.unit.content.dicom_bytes import image

INS, OTHER = "277079999900167", "154039999900215"
NIR = "ASIP-SANTE-INS-NIR"


def described(*identifiers: Identifier, family: str = "DURAND", given: str = "Jeanne") -> Person:
    return person(
        identifiers, family_names=[family], given_names=[given], birth_date="1965.03.00", sex="female"
    )


class TestClaimedIns:
    @pytest.mark.parametrize(
        ("found", "claims"),
        [
            (Identifier(None), []),
            (Identifier("4711", issuer="HOSPITAL"), []),
            (Identifier(INS), []),  # a number alone is a local one
            (Identifier(INS, issuer=NIR), [f"{INS}|{INS_NIR_TEST}"]),
            (Identifier(INS, oid=INS_NIR_DEMO), [f"{INS}|{INS_NIR_DEMO}"]),
            (Identifier(INS[:-1] + "8", issuer=NIR), ["invalid"]),
            (Identifier(None, issuer=NIR), ["invalid"]),
        ],
    )
    def test_only_an_issuer_makes_a_number_an_ins(self, found: Any, claims: list[str]) -> None:
        assert claimed_ins([described(found)], Environment.TEST) == claims
        assert claimed_ins([described(Identifier("1"), found)], Environment.TEST) == claims

    def test_every_person_of_a_content_claims(self) -> None:
        header, inside = (
            described(Identifier(INS, issuer=NIR)),
            described(Identifier(OTHER, oid=INS_NIR_TEST)),
        )
        claims = claimed_ins([header, inside], Environment.TEST)
        assert claims == [f"{INS}|{INS_NIR_TEST}", f"{OTHER}|{INS_NIR_TEST}"]

    @pytest.mark.parametrize(
        ("claims", "contradiction"),
        [
            ([], False),
            ([INS], False),
            ([f"{INS}|{INS_NIR_DEMO}"], False),
            ([INS, OTHER], True),
            (["invalid"], True),
        ],
    )
    def test_the_matricule_decides(self, claims: list[str], contradiction: bool) -> None:
        assert contradicts(claims, f"{INS}|{INS_NIR_TEST}") is contradiction


class TestPersonsInAContent:
    def test_header_document_inside_and_envelope(self) -> None:
        header, inside, beside = (described(family=name) for name in ("A", "B", "C"))
        _, found = inspect_dicom(BytesSource(image()))
        facts = replace(found, patient=header, document_patients=(inside,))
        assert persons_in(facts, Declared(patients=(beside, header))) == [header, inside, beside, header]
        assert persons_in(None, Declared()) == []

    def test_traits_are_read_as_far_as_they_are_known(self) -> None:
        (traits,) = claimed_traits([described()])
        assert traits == ClaimedTraits(("DURAND",), ("Jeanne",), "1965-03", "F")
        nobody = person([], family_names=[None], given_names=[""], birth_date=None, sex="O")
        assert claimed_traits([nobody]) == (ClaimedTraits(),)

    def test_names_are_bounded_and_printable(self) -> None:
        made = person(
            [Identifier(str(n)) for n in range(100)],
            family_names=[f"N{n}" for n in range(100)],
            given_names=["a\x00b\x1b", "a\x00b\x1b"],
            birth_date="x" * 5000,
            sex=None,
        )
        assert len(made.family_names) == MOST_NAMES
        assert len(made.to_json()["other_ids"]) == MOST_IDENTIFIERS
        assert made.given_names == ("a b",)
        assert len(made.birth_date or "") == LONGEST
        assert readable(" \n ") is None


class TestWords:
    def test_what_speaks_of_the_person_stands_before_repairs_and_gives_the_code(self) -> None:
        repaired = Judgement(PartOutcome.PUBLISHED, "trailing_zeros", "Zero bytes follow.")
        told = with_person_warnings(repaired, ["trailing_zeros", "other_sex", "other_family_name"])
        (name_fr, name_en), (sex_fr, sex_en) = (
            PERSON_WARNINGS[f"other_{each}"] for each in ("family_name", "sex")
        )
        assert told.code == "other_family_name"
        assert told.reason == f"{name_fr} {sex_fr} {name_en} {sex_en} Zero bytes follow."

    def test_without_them_a_judgement_stays_as_it_is(self) -> None:
        assert with_person_warnings(JUDGEMENTS["published"], ["trailing_zeros"]) is JUDGEMENTS["published"]

    def test_published_alone_adds_no_word(self) -> None:
        told = with_person_warnings(JUDGEMENTS["published"], ["other_sex"])
        assert told.reason == " ".join(PERSON_WARNINGS["other_sex"])

    def test_set_aside_names_what_differs(self) -> None:
        told = other_person({"other_sex", "other_birth_date"})
        assert (told.outcome, told.code) == (PartOutcome.QUARANTINED, "other_person")
        assert "(date de naissance, sexe)" in told.reason
        assert "(birth date, sex)" in told.reason


def test_what_an_earlier_try_planned_to_publish_is_published_with_the_warnings() -> None:
    """The setting or the record's traits may be others by the next try; what the vault adopted stays so."""
    part = InspectedPart(1, 0, 4, bytes(32), other_person({"other_sex"}), ("other_sex",), meant_for=INS)
    (again,) = as_planned([part], {1: JUDGEMENTS["published"]})
    assert (again.record, again.meant_for) == (INS, INS)
    assert (again.judgement.outcome, again.judgement.code) == (PartOutcome.PUBLISHED, "other_sex")
    assert again == overruled(part)
