"""Whose content is it by its traits: the truth table of the comparison and of what it does."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.people.identity import Traits
from records.people.traits import (
    ClaimedTraits,
    IdentityCheck,
    Trait,
    differing,
    differing_of_all,
    read_birth_date,
    read_sex,
    sets_aside,
)
from records.vocabulary.person_warnings import PERSON_WARNINGS, TRAIT_NAMES, set_aside_sentences

RECORD = Traits("DURAND", "Jeanne Marie", "1965-03-09", "F")
NAME, DATE, SEX, FIRST = Trait.FAMILY_NAME, Trait.BIRTH_DATE, Trait.SEX, Trait.FIRST_NAME
INS, USUAL, STRICT = IdentityCheck.INS, IdentityCheck.USUAL, IdentityCheck.STRICT


def claimed(
    family: str = "DURAND", given: str = "Jeanne", birth: str = "1965-03-09", sex: str = "F"
) -> ClaimedTraits:
    families = tuple(family.split("|")) if family else ()
    return ClaimedTraits(families, (given,) if given else (), read_birth_date(birth), read_sex(sex))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (claimed(), set()),
        (claimed("", "", "", ""), set()),
        (claimed("Durand", "JEANNE-MARIE", "19650309", "f"), set()),
        (claimed("MARTIN|DURAND"), set()),  # used name and birth name
        (claimed("DURAND|MARTIN"), set()),
        (claimed("DURAND-MARTIN"), set()),
        (claimed("INCONNU"), set()),
        (claimed("山田"), set()),
        (claimed("PETIT|山田"), {NAME}),  # a name in another script does not excuse one in this
        (claimed("PETIT|INCONNU"), {NAME}),
        (claimed("PETIT"), {NAME}),
        (claimed("MARTIN|PETIT"), {NAME}),
        (claimed(birth="1965"), set()),
        (claimed(birth="196503"), set()),
        (claimed(birth="19650300"), set()),
        (claimed(birth="19650000"), set()),
        (claimed(birth="1965.03.09"), set()),
        (claimed(birth="00000000"), set()),
        (claimed(birth="inconnue"), set()),
        (claimed(birth="19650400"), {DATE}),
        (claimed(birth="1940"), {DATE}),
        (claimed(birth="19650310"), {DATE}),
        (claimed(sex="O"), set()),
        (claimed(sex="U"), set()),
        (claimed(sex="other"), set()),
        (claimed(sex="M"), {SEX}),
        (claimed(sex="male"), {SEX}),
        (claimed(given="Sophie"), {FIRST}),
        (claimed("PETIT", "Marie"), {NAME, FIRST}),
        (claimed("PETIT", "Paul", "19400101", "M"), {NAME, FIRST, DATE, SEX}),
    ],
)
def test_what_differs(content: ClaimedTraits, found: set[Trait]) -> None:
    assert differing(content, RECORD) == found


@pytest.mark.parametrize(
    ("found", "aside"),
    [
        (set(), set()),
        ({FIRST}, {STRICT}),
        ({NAME}, {STRICT}),
        ({DATE}, {STRICT}),
        ({SEX}, {STRICT}),
        ({NAME, FIRST}, {STRICT}),
        ({SEX, FIRST}, {STRICT}),
        ({DATE, FIRST}, {STRICT}),
        ({NAME, DATE}, {USUAL, STRICT}),
        ({NAME, SEX}, {USUAL, STRICT}),
        ({DATE, SEX}, {USUAL, STRICT}),
        ({NAME, DATE, SEX}, {USUAL, STRICT}),
        ({NAME, DATE, SEX, FIRST}, {USUAL, STRICT}),
    ],
)
def test_what_differences_do(found: set[Trait], aside: set[IdentityCheck]) -> None:
    assert {check for check in IdentityCheck if sets_aside(frozenset(found), check)} == aside


FAMILY = {"": set(), "DURAND": set(), "MARTIN|DURAND": set(), "durand-martin": set(), "PETIT": {NAME}}
GIVEN = {"": set(), "Jeanne": set(), "JEANNE-MARIE": set(), "Sophie": {FIRST}}
BIRTH = {"": set(), "1965": set(), "19650300": set(), "19650309": set(), "1940": {DATE}, "19650310": {DATE}}
SEXES = {"": set(), "F": set(), "O": set(), "unknown": set(), "M": {SEX}}


@pytest.mark.parametrize("family", FAMILY)
@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("birth", BIRTH)
@pytest.mark.requirement("R2")
def test_each_trait_is_compared_by_itself(family: str, given: str, birth: str) -> None:
    """Names at birth and used, first names, dates known in part, sexes known and not, in every mixture."""
    for sex, differs in SEXES.items():
        wanted = FAMILY[family] | GIVEN[given] | BIRTH[birth] | differs
        assert differing(claimed(family, given, birth, sex), RECORD) == wanted


def test_a_record_of_unknown_sex_is_contradicted_by_none() -> None:
    unknown = Traits("DURAND", "Jeanne", "1965-03-09", "U")
    assert not differing(claimed(sex="M"), unknown) | differing(claimed(sex="F"), unknown)


def test_what_differs_in_any_place_of_a_content_counts() -> None:
    header, inside = claimed("PETIT"), claimed(sex="M")
    assert differing_of_all([header, inside], RECORD) == {NAME, SEX}
    assert differing_of_all([], RECORD) == set()


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("19650309", "1965-03-09"),
        ("1965-03-09", "1965-03-09"),
        ("1965.03.09", "1965-03-09"),
        ("19650309143000+0100", "1965-03-09"),
        ("1965-03", "1965-03"),
        ("1965", "1965"),
        ("19650230", "1965-02"),
        ("19651300", "1965"),
        ("09031965", ""),
        ("", ""),
        ("????????", ""),
    ],
)
def test_birth_dates(written: str, known: str) -> None:
    assert read_birth_date(written) == known


@given(st.dates(date(1850, 1, 1), date(2199, 12, 31)))
def test_no_part_of_the_right_date_contradicts(day: date) -> None:
    whole = str(day)
    record = Traits("DURAND", "Jeanne", whole, "F")
    for written in (whole, whole[:7], whole[:4], whole.replace("-", ""), whole.replace("-", "")[:6] + "00"):
        assert not differing(claimed(birth=written), record)


def test_every_difference_has_words_that_call_nothing_harmless() -> None:
    assert set(Trait) <= PERSON_WARNINGS.keys()
    assert set(Trait) == TRAIT_NAMES.keys()
    for french, english in PERSON_WARNINGS.values():
        assert "Vérifiez l'identité" in french and "Check the patient's identity" in english
        assert not any(
            word in f"{french} {english}".lower() for word in ("gravité", "mineur", "minor", "harmless")
        )


def test_what_is_set_aside_names_the_traits_and_no_value() -> None:
    french, english = set_aside_sentences({NAME, SEX})
    assert "(nom de famille, sexe)" in french
    assert "(family name, sex)" in english


def test_traits_show_nothing() -> None:
    assert repr(claimed("PETIT")) == "ClaimedTraits()"


NAMES = st.text(max_size=20)
CLAIMS = st.builds(
    ClaimedTraits,
    st.lists(NAMES, max_size=3).map(tuple),
    st.lists(NAMES, max_size=3).map(tuple),
    st.sampled_from(["", "1965", "1965-03", "1965-03-09", "1965-03-10", "1940"]),
    st.sampled_from(["", "F", "M"]),
)
_LEFT_OUT: dict[str, object] = {"family_names": (), "given_names": (), "birth_date": "", "sex": ""}


@given(CLAIMS, st.sampled_from(list(_LEFT_OUT)))
def test_what_is_left_out_contradicts_nothing(content: ClaimedTraits, name: str) -> None:
    less = replace(content, **{name: _LEFT_OUT[name]})
    assert differing(less, RECORD) <= differing(content, RECORD)


@given(st.lists(CLAIMS, max_size=3), CLAIMS)
def test_no_place_of_a_content_excuses_another(places: list[ClaimedTraits], more: ClaimedTraits) -> None:
    assert differing_of_all(places, RECORD) <= differing_of_all([more, *places], RECORD)
    assert differing_of_all([more, *places], RECORD) == differing_of_all([*places, more], RECORD)


@given(st.frozensets(st.sampled_from(Trait)), st.sampled_from(Trait))
def test_a_further_difference_lets_nothing_in(found: frozenset[Trait], more: Trait) -> None:
    for check in IdentityCheck:
        assert sets_aside(found, check) <= sets_aside(found | {more}, check)
    assert sets_aside(found, INS) <= sets_aside(found, USUAL) <= sets_aside(found, STRICT)
