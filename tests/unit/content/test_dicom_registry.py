"""The standard's transfer syntaxes and SOP classes, the newest included (PS3.6 table A-1)."""

import pytest
from pydicom.uid import UID_dictionary

from content.byte_source import BytesSource
from content.dicom.instance import inspect_dicom
from content.dicom.registry import (
    DEFLATED_DATA_SETS,
    NATIVE,
    NON_PATIENT,
    RLE,
    STORAGE_CLASSES,
    TRANSFER_SYNTAXES,
    frames_share_fragments,
    is_image_class,
)
from content.verdicts import Finding
from tests.unit.content.dicom_bytes import fragments, identifiers, part10, pixel_module, pixels

BIG, IMPLICIT = "1.2.840.10008.1.2.2", ("1.2.840.10008.1.2", "1.2.840.10008.1.20")
CLASSES = sorted(STORAGE_CLASSES - NON_PATIENT - {"1.2.840.10008.1.3.10"})
DOCUMENTS = "1.2.840.10008.5.1.4.1.1.104."


def findings(data: bytes) -> list[Finding]:
    return [found for found in inspect_dicom(BytesSource(data))[0] if found.code != "meta_differs"]


def codes(data: bytes) -> list[str]:
    return [found.code for found in findings(data)]


def test_pydicoms_table_and_what_came_later() -> None:
    known = {uid for uid, entry in UID_dictionary.items() if entry[1] == "Transfer Syntax"}
    assert known < TRANSFER_SYNTAXES
    assert len(TRANSFER_SYNTAXES) >= 63
    for uid in ("4.110", "4.111", "4.112", "8.1", "4.201", "4.202", "4.203", "7.1", "7.2", "7.3"):
        assert f"1.2.840.10008.1.2.{uid}" in TRANSFER_SYNTAXES
    for uid in ("66.7", "66.8", "6.3", "77.1.8", "66.6", "481.23", "9.100.1", "104.5", "88.77", "201.1"):
        assert f"1.2.840.10008.5.1.4.1.1.{uid}" in STORAGE_CLASSES


@pytest.mark.parametrize("syntax", sorted(TRANSFER_SYNTAXES - DEFLATED_DATA_SETS))
def test_every_transfer_syntax_is_read(syntax: str) -> None:
    if syntax == BIG or syntax in IMPLICIT:
        written = "1.2.840.10008.1.2" if syntax in IMPLICIT else syntax
        assert codes(part10(identifiers(written), syntax)) == []
        return
    head = identifiers() + pixel_module(frames=2)
    if syntax in NATIVE:
        assert codes(part10(head + pixels(bytes(64)), syntax)) == []
        return
    no_header = ["frame_size_differs"] if syntax == RLE else []  # PS3.5 §G.5: it counts no segments
    assert codes(part10(head + fragments(bytes(32), bytes(32)), syntax)) == no_header
    few = codes(part10(head + fragments(bytes(32)), syntax))
    assert few == ([] if frames_share_fragments(syntax) else ["frames_missing"])


@pytest.mark.parametrize("sop_class", CLASSES)
def test_every_class_of_patients_objects_is_known(sop_class: str) -> None:
    found = codes(part10(identifiers(sop_class=sop_class.encode())))
    if sop_class.startswith(DOCUMENTS):
        assert found == ["document_missing"]
    else:
        assert found == ["pixel_data_missing"] * is_image_class(sop_class)


@pytest.mark.parametrize("sop_class", sorted(NON_PATIENT))
def test_objects_of_no_patient_are_refused(sop_class: str) -> None:
    assert codes(part10(identifiers(sop_class=sop_class.encode()))) == ["not_patient_object"]


@pytest.mark.parametrize(
    "sop_class",
    ["1.2.840.113619.4.27", "1.3.12.2.1107.5.9.1", "1.2.840.10008.1.1", "1.2.840.10008.5.1.4.1.1.999"],
    ids=["ge", "siemens", "verification", "of_the_future"],
)
def test_a_class_that_is_private_or_unknown_is_kept_with_a_warning(sop_class: str) -> None:
    assert codes(part10(identifiers(sop_class=sop_class.encode()))) == ["sop_class_unusual"]
