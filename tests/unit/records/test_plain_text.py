"""Small text files as editors and shells of every system write them."""

import pytest
from hypothesis import given
from hypothesis.strategies import sampled_from, text

from records.text.plain_text import text_of


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n", " \t\r\n"])
@pytest.mark.parametrize(
    ("mark", "encoding"),
    [(b"", "utf-8"), (b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")],
    ids=["none", "utf-8", "utf-16-le", "utf-16-be"],
)
def test_mark_and_line_ends_are_no_part_of_the_text(mark: bytes, encoding: str, ending: str) -> None:
    assert text_of(mark + f"eyJ.é{ending}".encode(encoding)) == "eyJ.é"


@given(text(), sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_any_text_comes_back(content: str, encoding: str) -> None:
    wanted = content.removeprefix("\ufeff") if encoding == "utf-8" else content
    assert text_of(content.encode(encoding)) == wanted.strip()


@pytest.mark.parametrize("content", [b"\xff", b"\xc3", b"\xef\xbb\xbf\xff", b"\xff\xfe\x00"])
def test_what_is_no_text_is_told(content: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        text_of(content)
