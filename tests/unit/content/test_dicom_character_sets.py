"""Text under no or another Specific Character Set is read as it was meant (PS3.3 §C.12.1.1.2)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.byte_source import BytesSource
from content.dicom.character_sets import meant_text
from content.dicom.instance import inspect_dicom
from tests.unit.content.dicom_bytes import element, identifiers, part10

NAME = "LEFÈVRE-MÛRIER^Éléonore"


def named(charset: bytes | None, name: bytes) -> tuple[list[str], Any]:
    text = element(0x00100010, "PN", name)
    if charset is not None:
        text = element(0x00080005, "CS", charset) + text
    findings, facts = inspect_dicom(BytesSource(part10(text + identifiers())))
    codes = [finding.code for finding in findings if finding.code != "elements_unordered"]
    return codes, facts.dicom["00100010"]["Value"][0]["Alphabetic"]


@pytest.mark.parametrize("charset", [None, b"", b"ISO_IR 6", b"ISO_IR 100", b"ISO_IR 101", b"ISO_IR 148"])
def test_utf_8_that_is_not_declared(charset: bytes | None) -> None:
    assert named(charset, NAME.encode()) == (["character_set_differs"], NAME)


@pytest.mark.parametrize("name", ["Nguyễn^Thị", "O’Neil^Zoë", "Łukasiewicz^Ż", "山田^太郎"])
def test_names_of_any_script(name: str) -> None:
    assert named(b"ISO_IR 100", name.encode()) == (["character_set_differs"], name)


def test_latin_1_that_is_declared_as_utf_8() -> None:
    assert named(b"ISO_IR 192", NAME.encode("latin-1")) == (["character_set_differs"], NAME)
    assert named(b"ISO_IR 192", "LEBŒUF".encode("cp1252")) == (["character_set_differs"], "LEBŒUF")


@pytest.mark.parametrize(
    ("charset", "codec", "name"),
    [
        (b"ISO_IR 100", "latin-1", NAME),
        (b"ISO_IR 192", "utf-8", NAME),
        (b"ISO_IR 126", "iso8859-7", "Διονυσιος"),
        (b"ISO_IR 144", "iso8859-5", "Люкceмбypг"),
        (b"ISO_IR 127", "iso8859-6", "قباني^لنزار"),
        (b"ISO_IR 138", "iso8859-8", "שרון^דבורה"),
        (b"ISO_IR 166", "iso8859-11", "รก"),  # by chance the UTF-8 of á
        (b"GB18030", "gb18030", "聯通"),
    ],
)
def test_what_is_declared_rightly_is_left_alone(charset: bytes, codec: str, name: str) -> None:
    assert named(charset, name.encode(codec)) == ([], name)


# without the three that no name has and whose bytes go on a letter of UTF-8
@given(st.text(st.characters(categories=("L",), max_codepoint=0xFF, exclude_characters="ªµº"), min_size=1))
def test_letters_of_latin_1_are_never_taken_for_utf_8(name: str) -> None:
    assert meant_text(name.encode("latin-1"), ("latin_1",)) is None
