"""What clients accept, as OHIF, dicomweb-client and browsers send it (PS3.18 section 8.7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.errors import CoffreError
from viewer_api.wado.accept import EVERYTHING, Offer, accepted, choose

EXPLICIT, J2K = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.90"
STORED = Offer("image/jp2", J2K, multipart=True, stored=True)
DECODED = Offer("application/octet-stream", EXPLICIT, multipart=True)
ONE = Offer("image/jp2", J2K, stored=True)
FRAMES = [STORED, DECODED, ONE]


def chosen(header: str, offers: list[Offer] = FRAMES) -> Offer | str:
    try:
        return choose(accepted([], [header]), offers)
    except CoffreError as error:
        return error.code


@pytest.mark.parametrize(
    ("header", "offer"),
    [
        ("*/*", STORED),
        ("multipart/related", STORED),
        ("multipart/related; type=application/octet-stream; transfer-syntax=*", STORED),  # OHIF
        ('multipart/related; type="application/octet-stream"; transfer-syntax=*', STORED),
        ('multipart/related; type="application/octet-stream"', DECODED),
        (f'multipart/related; type="application/octet-stream"; transfer-syntax={EXPLICIT}', DECODED),
        (f"multipart/related; type=image/jp2; transfer-syntax={J2K}", STORED),
        ('multipart/related; type="image/*"', STORED),
        ("image/jp2", ONE),
        ("image/*;q=0.5, multipart/related;type=application/octet-stream;q=0.9", DECODED),
        ("image/png, image/jp2;q=0.1", ONE),
        ("MULTIPART/Related; Type=IMAGE/JP2", STORED),
        (",, multipart/related ,", STORED),
        ("image/png", "not_acceptable"),
        (f"multipart/related; type=image/jp2; transfer-syntax={EXPLICIT}", "not_acceptable"),
        ("multipart/related;q=0, image/jp2;q=0", "not_acceptable"),
        ("image/jp2;q=2", "bad_accept"),
        ("image", "bad_accept"),
        ("*/jp2", "bad_accept"),
        ('image/jp2; a="b', "bad_accept"),
        (", ".join(["image/jp2"] * 65), "bad_accept"),
    ],
)
def test_the_most_accepted_offer_is_given(header: str, offer: Offer | str) -> None:
    assert chosen(header) == offer


def test_a_more_precise_range_has_the_word() -> None:
    assert chosen("multipart/related, multipart/related;type=image/jp2;q=0.1, image/*;q=0.3") == DECODED
    assert chosen("*/*, multipart/related;q=0") == ONE


def test_accept_in_the_query_comes_before_the_header() -> None:
    json, jpeg = Offer("application/dicom+json"), Offer("image/jpeg")
    assert choose(accepted(["image/jpeg"], ["application/dicom+json"]), [json, jpeg]) == jpeg
    assert choose(accepted([""], ["application/dicom+json"]), [jpeg, json]) == json
    assert accepted([], []) == accepted([" "], [""]) == EVERYTHING


def test_a_list_is_one_or_several_headers() -> None:
    both = "application/dicom+json, application/json"
    assert accepted([], [both]) == accepted([], both.split(","))


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert isinstance(chosen(text), Offer) or chosen(text) in ("bad_accept", "not_acceptable")
