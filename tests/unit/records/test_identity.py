import pytest

from records.errors import Invalid
from records.people.identity import (
    INS,
    INS_NIA,
    INS_NIR,
    INS_NIR_DEMO,
    INS_NIR_TEST,
    KNOWN_OIDS,
    Traits,
    check_oid,
    check_rpps,
    check_structure,
    default_oid,
)
from records.vocabulary.codes import Environment

# public vectors of the key rule, then two Corsican ones
MATRICULES = [
    "277076322082910",
    "155067200010159",
    "168017218137243",
    "279035121518989",
    "269052A58815717",
    "184122B12345627",
]


@pytest.mark.parametrize("matricule", MATRICULES)
@pytest.mark.requirement("R1")
def test_a_true_matricule_is_accepted(matricule: str) -> None:
    assert INS.parse(matricule, INS_NIR_TEST).value == f"{matricule}|1.2.250.1.213.1.4.10"


@pytest.mark.parametrize("matricule", MATRICULES)
@pytest.mark.requirement("R1")
def test_any_single_digit_change_is_refused(matricule: str) -> None:
    for position, right in enumerate(matricule):
        for digit in "0123456789":
            if digit != right:
                with pytest.raises(Invalid) as refusal:
                    INS.parse(matricule[:position] + digit + matricule[position + 1 :], INS_NIR_TEST)
                assert refusal.value.code == "bad_ins"


def test_spaces_and_small_letters_are_how_people_write() -> None:
    assert INS.parse(" 2 69 05 2a 588 157 17\n", INS_NIR).matricule == "269052A58815717"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2770763220829",  # without key
        "2770763220829100",
        "27707632208291O",
        "269052C58815717",  # no such department
        "2690522A8815717",  # Corsica's letters stand in the department alone
        "٢77076322082910",  # a digit, and not one of ours
    ],
)
def test_what_is_not_fifteen_characters_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        INS.parse(text, INS_NIR_TEST)
    assert refusal.value.code == "bad_ins"


def test_an_unknown_authority_is_refused() -> None:
    with pytest.raises(Invalid) as refusal:
        INS.parse(MATRICULES[0], "1.2.250.1.213.1.4.2")
    assert refusal.value.code == "bad_oid"


def test_nothing_printed_shows_the_matricule_or_the_name() -> None:
    ins = INS(MATRICULES[0], INS_NIR_TEST)
    traits = Traits("MARTIN", "Camille", "1977-07-01", "F")
    assert MATRICULES[0] not in f"{ins} {ins!r}"
    assert not any(each in f"{traits} {traits!r}" for each in ("MARTIN", "Camille", "1977"))


@pytest.mark.parametrize(
    ("oid", "demo", "test", "production"),
    [
        (INS_NIR, False, False, True),
        (INS_NIA, False, False, True),
        (INS_NIR_TEST, True, True, False),
        (INS_NIR_DEMO, True, True, False),
        ("1.2.250.1.213.1.4.1", False, False, False),
    ],
)
@pytest.mark.requirement("R1")
def test_r1_each_environment_admits_its_own_oids(oid: str, demo: bool, test: bool, production: bool) -> None:
    for environment, admitted in zip(
        (Environment.DEMO, Environment.TEST, Environment.PRODUCTION), (demo, test, production), strict=True
    ):
        if admitted:
            assert check_oid(oid, environment) == oid
        else:
            with pytest.raises(Invalid) as refusal:
                check_oid(oid, environment)
            assert refusal.value.code == "bad_oid"


def test_the_default_oid_is_admitted_where_it_is_the_default() -> None:
    assert [default_oid(each) for each in Environment] == [INS_NIR_TEST, INS_NIR_TEST, INS_NIR]
    assert all(check_oid(default_oid(each), each) in KNOWN_OIDS for each in Environment)


@pytest.mark.parametrize("number", ["899700024450", "810100123456"])
def test_national_numbers_of_professionals(number: str) -> None:
    assert check_rpps(number) == number


# eight digits, a bare RPPS number, other registers of PSIdNat, and what is no number
@pytest.mark.parametrize(
    "number",
    ["", "89970002", "10100123456", "99700024450", "299700024450", "0123456789", "1", "3750000001",
     "6997000244501", "8997000244501", "8997 00024450", "89970002445x", "899700024450\n", "८९९७०००२४४५०"],
)  # fmt: skip
def test_other_numbers_are_not_a_professionals(number: str) -> None:
    """A person has one number: a block on another form of it would block nobody."""
    with pytest.raises(Invalid) as refusal:
        check_rpps(number)
    assert refusal.value.code == "bad_rpps"
    assert "8 followed by the 11 digits" in refusal.value.sentence


@pytest.mark.parametrize("number", ["1750000001", "12A0000154", "0123456789", "375000000100017"])
def test_national_numbers_of_structures(number: str) -> None:
    assert check_structure(number) == number


@pytest.mark.parametrize("number", ["", "1", "9750000001", "1750 000001", "1750000001\n", "1" * 33])
def test_other_numbers_are_not_a_structures(number: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_structure(number)
    assert refusal.value.code == "bad_structure"


@pytest.mark.parametrize(
    "traits",
    [
        ("", "Camille", "1977-07-01", "F"),
        ("MARTIN", " ", "1977-07-01", "F"),
        ("MARTIN", "Camille", "1977-02-30", "F"),
        ("MARTIN", "Camille", "19770701", "F"),
        ("MARTIN", "Camille", "1977-07-01", "X"),
    ],
)
def test_bad_traits_are_refused_without_repeating_them(traits: tuple[str, str, str, str]) -> None:
    with pytest.raises(Invalid) as refusal:
        Traits(*traits)
    assert refusal.value.code == "bad_traits"
    assert "Camille" not in refusal.value.sentence
