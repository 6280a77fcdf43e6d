"""Tables that the law fills: sectors that records open to, who deposits what, who breaks the glass."""

import pytest

from records.vocabulary.depositing import (
    DEPOSITORS_BY_CLASS,
    DEPOSITORS_BY_TYPE,
    Depositor,
    may_deposit,
)
from records.vocabulary.document_types import CLASS_NAMES, DOCUMENT_TYPES
from records.vocabulary.professions import PROFESSIONS, is_health_professional, may_break_the_glass
from records.vocabulary.sectors import OWN_PRACTICE, SECTORS, Opens, opened_by


@pytest.mark.parametrize(
    ("opens", "codes"),
    [
        (Opens.CARE, "SA01 SA07 SA10 SA15 SA25 SA33 SA52 SA64"),
        (Opens.EXPRESS_CONSENT, "SA13 SA47 SA60 SA66 SA68"),
        (Opens.NOTHING, "SA11 SA14 SA22 SA23 SA24 SA26 SA27 SA35 SA43 SA44 SA45 SA48"),
    ],
)
def test_what_a_sector_opens(opens: Opens, codes: str) -> None:
    assert {opened_by(code) for code in codes.split()} == {opens}


@pytest.mark.parametrize("sector", [None, "", "SA62", "SA70", "SA99", "sa07", " SA07"])
@pytest.mark.requirement("R29")
def test_r29_no_sector_and_an_unknown_one_open_nothing(sector: str | None) -> None:
    assert opened_by(sector) is Opens.NOTHING


def test_every_sector_of_the_value_set_stands_in_one_row() -> None:
    assert set(SECTORS) == {f"SA{number:02d}" for number in range(1, 70) if number != 62}
    assert all(code == each.code and each.display for code, each in SECTORS.items())
    assert opened_by(OWN_PRACTICE) is Opens.CARE


#   type:            care   insurer holder
DEPOSITORS = """
    18748-4          yes    no      no
    IMG-KOS          yes    no      no
    11502-2          yes    no      no
    87273-9          yes    no      no
    REMB             no     yes     no
    ATTEST-DROITS-AM yes    yes     no
    EXPPAT_1         no     no      yes
    EXPPAT_2         no     no      yes
    EXPPAT_3         no     no      yes
    74465-6          no     no      yes
    DOCPAT01         no     no      yes
    DOCPAT09         no     no      yes
    E1762            no     no      no
    unheard-of       no     no      no
"""


@pytest.mark.parametrize("row", DEPOSITORS.strip().splitlines(), ids=lambda row: row.split()[0])
def test_who_deposits_what(row: str) -> None:
    type_code, *cells = row.split()
    for depositor, cell in zip(Depositor, cells, strict=True):
        assert may_deposit(depositor, type_code) is (cell == "yes"), depositor


@pytest.mark.requirement("R34")
def test_every_type_has_a_depositor() -> None:
    assert set(DEPOSITORS_BY_CLASS) == set(CLASS_NAMES) and set(DEPOSITORS_BY_TYPE) <= set(DOCUMENT_TYPES)
    for type_code in DOCUMENT_TYPES:
        assert any(may_deposit(depositor, type_code) for depositor in Depositor)


def test_whoever_reads_nothing_breaks_no_glass() -> None:
    breaking = {code for code in PROFESSIONS if may_break_the_glass(code)}
    assert {"10", "21", "40", "50", "60"} <= breaking
    assert not breaking & {"26", "28", "31", "32", "81", "86", "93"}
    assert all(is_health_professional(code) for code in breaking)
    assert not any(may_break_the_glass(code) for code in (None, "", "00", "médecin"))
