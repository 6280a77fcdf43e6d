"""Metadata of WADO-RS: codings, ETags, addresses of bulk data."""

import pytest

from viewer_api.wado.metadata import completed, matches, referenced, refers, takes_gzip


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("*", True),
        ("gzip;q=0, *", False),
        ("gzip;q=0.000", False),
        ("x-gzip ; q=1.0", True),
        ("identity", False),
        ("", False),
        (None, False),
        ("gzip;q=2", False),
    ],
)
def test_gzip_is_given_where_it_is_accepted(header: str | None, wanted: bool) -> None:
    assert takes_gzip(header) is wanted


@pytest.mark.parametrize("header", ['"a"', 'W/"a"', '"b", "a"', "*"])
def test_one_of_the_known_answers_is_the_present_one(header: str) -> None:
    assert matches(header, '"a"')
    assert not matches(header, '"c"') or header == "*"


def test_references_become_addresses_in_items_too() -> None:
    waveform = {"54001010": {"vr": "OW", "BulkDataURI": "?offset=1&length=2"}}
    dataset = {
        "54000100": {"vr": "SQ", "Value": [{}, waveform]},
        "7FE00010": {"vr": "OW", "BulkDataURI": "?offset=3&length=4"},
    }
    found = referenced(dataset, "https://x/bulkdata")
    assert found["7FE00010"] == {"vr": "OW", "BulkDataURI": "https://x/bulkdata/7FE00010"}
    assert (
        found["54000100"]["Value"][1]["54001010"]["BulkDataURI"] == "https://x/bulkdata/54000100/1/54001010"
    )


def test_what_was_deposited_before_bulk_data_was_noted_has_its_address_too() -> None:
    document = {
        "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.104.1"]},
        "00420012": {"vr": "LO", "Value": ["application/pdf"]},
    }
    assert list(completed(document, has_frames=False)) == ["00080016", "00420011", "00420012"]
    image = completed({"00280100": {"vr": "US", "Value": [8]}}, has_frames=True)
    assert image["7FE00010"] == {"vr": "OB", "BulkDataURI": ""}
    ecg = completed(
        {"54000100": {"vr": "SQ", "Value": [{"54001004": {"vr": "US", "Value": [16]}}]}}, has_frames=False
    )
    assert ecg["54000100"]["Value"][0]["54001010"] == {"vr": "OW", "BulkDataURI": ""}


def test_whether_bulk_data_was_noted() -> None:
    """References stand in items too; 0.1.0 noted none."""
    noted = {"vr": "UN", "BulkDataURI": "?offset=1&length=2"}
    nested = {
        "00291010": {"vr": "SQ", "Value": [{}, {"00291020": {"vr": "SQ", "Value": [{"00291030": noted}]}}]}
    }
    assert refers({"00291030": noted}) and refers(nested)
    assert not refers({}) and not refers({"00291010": {"vr": "SQ"}, "00280100": {"vr": "US", "Value": [8]}})
