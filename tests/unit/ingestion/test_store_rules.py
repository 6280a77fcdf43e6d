"""Each header and parameter of a Store request is honoured, without effect, or refused by name."""

from typing import Any

import pytest

from ingestion.intake.bodies.part_headers import read_part_headers
from ingestion.intake.stow.request import StoreRequest, read_store_request
from ingestion.intake.stow.rules import PART_HEADERS, REQUEST_HEADERS
from ingestion.intake.treatments import Treatment
from records.errors import Invalid

RELATED = 'multipart/related; type="application/dicom"; boundary=b'
PLAIN: StoreRequest = read_store_request({"content-type": RELATED})


def refused(call: Any, *arguments: Any) -> str:
    with pytest.raises(Invalid) as caught:
        call(*arguments)
    return caught.value.code


@pytest.mark.parametrize("name", REQUEST_HEADERS)
def test_a_header_of_a_request_has_the_fate_that_the_table_tells(name: str) -> None:
    rule, headers = (
        REQUEST_HEADERS[name],
        {"content-type": RELATED, name: RELATED if "type" in name else "*/*"},
    )
    if rule.treatment is Treatment.REFUSED:
        assert refused(read_store_request, headers) == rule.code
    if rule.treatment is Treatment.HARMLESS:
        assert read_store_request(headers) == PLAIN


@pytest.mark.parametrize("name", PART_HEADERS)
def test_a_header_of_a_part_has_the_fate_that_the_table_tells(name: str) -> None:
    rule = PART_HEADERS[name]
    if rule.treatment is Treatment.REFUSED:
        assert refused(read_part_headers, [(name, "x")]) == rule.code
    elif rule.treatment is Treatment.HONOURED:
        assert refused(read_part_headers, [(name, "binary"), (name, "binary")]) == "bad_part_header"
    else:
        assert read_part_headers([(name, "x"), (name, "x")])


@pytest.mark.parametrize(
    ("name", "value", "good"),
    [
        ("content-transfer-encoding", "binary", True),
        ("content-transfer-encoding", "8BIT", True),
        ("content-transfer-encoding", "base64", False),
        ("content-transfer-encoding", "quoted-printable", False),
        ("content-encoding", "identity", True),
        ("content-encoding", "gzip", False),
    ],
)
def test_the_bytes_of_a_part_stand_there_as_they_are(name: str, value: str, good: bool) -> None:
    if good:
        assert read_part_headers([(name, value)])
    else:
        assert refused(read_part_headers, [(name, value)]) == "bad_part_header"


@pytest.mark.parametrize(
    "content_type",
    [
        f"{RELATED}; boundary=c",
        f'{RELATED}; type="application/dicom+json"',
        "application/dicom; transfer-syntax=1.2; Transfer-Syntax=1.3",
        "application/dicom+json; charset=iso-8859-1",
    ],
)
def test_a_parameter_given_twice_or_of_another_charset_is_refused(content_type: str) -> None:
    assert refused(read_store_request, {"content-type": content_type}) == "bad_content_type"


def test_parameters_without_effect() -> None:
    for more in ("; start=x", '; start-info="y"', "; charset=utf-8", "; unheard=of"):
        assert read_store_request({"content-type": RELATED + more}) == PLAIN
