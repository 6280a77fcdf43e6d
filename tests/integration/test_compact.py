"""A study that came in many deposits becomes one pack; who reads it notices nothing, before or after."""

from pathlib import Path

import pytest

from coffre.plaintext_search.search import prove_and_search
from content.merged_series import merge_series
from keyvault.crypto.sealed_blob import BlobKind
from tests.integration.operators import answer_of, command
from tests.integration.support import DOCTOR, LABORATORY, Coffre, Grant, Patient

SLICES = 6


@pytest.fixture
def fragmented(coffre: Coffre, patient: Patient) -> list[bytes]:
    """The patient's study, each image deposited by a request of its own."""
    lab, files = coffre.depositor(LABORATORY), patient.ct(slices=SLICES)
    for content in files:
        assert coffre.stow(lab, [content], patient.ins).status_code == 200
    return files


def images(grant: Grant) -> list[bytes]:
    """Every image that a grant leads to, through the metadata of its series."""
    body, sizes = grant.open(), {}
    for blob in body.blobs:
        sizes[blob.sealed.ref.blob_id] = blob.sealed.plaintext_size
    found = []
    for series in body.series:
        metadata = body.blobs_of(series, BlobKind.SERIES_METADATA)
        documents = [grant.read(blob, 0, sizes[blob]) for blob in metadata]
        merged = merge_series(series.study, series.series, documents)
        found += [grant.read(each.blob_id, each.offset, each.length) for each in merged]
    return sorted(found)


def compacted(coffre: Coffre, patient: Patient, *more: str, code: int = 0) -> dict[str, int]:
    done = command(coffre, "compact", "--record", patient.ins, "--quiet-for", "0", "--json", *more)
    return {name: value for name, value in answer_of(done, code).items() if name != "record"}


def test_many_deposits_become_one_pack_and_every_image_stays(
    coffre: Coffre, patient: Patient, fragmented: list[bytes]
) -> None:
    patient.authorise(DOCTOR)
    older = coffre.grant(coffre.professional(DOCTOR), patient.ins)
    assert len(older.open().blobs) == 2 * SLICES + 1  # and the newest small picture of the series
    (before,) = patient.documents()

    planned = compacted(coffre, patient, "--dry-run")
    assert planned == {"studies": 1, "submissions": SLICES, "compacted": 0}
    assert len(coffre.grant(patient.token, patient.ins).open().blobs) == 2 * SLICES + 1
    assert compacted(coffre, patient) == {"studies": 1, "submissions": SLICES, "compacted": 1}

    newer = coffre.grant(patient.token, patient.ins)
    assert len(newer.open().blobs) == 3
    assert images(newer) == sorted(fragmented)
    assert images(older) == sorted(fragmented)  # until it expires
    (after,) = patient.documents()
    assert after == before
    assert compacted(coffre, patient) == {"studies": 0, "submissions": 0, "compacted": 0}


def test_searches_and_pages_read_on(coffre: Coffre, patient: Patient, fragmented: list[bytes]) -> None:
    def answers() -> list[object]:
        study = patient.documents()[0]["study_uid"]
        places = ("/dicomweb/studies", f"/dicomweb/studies/{study}/series")
        found = [patient.call("GET", place).json() for place in places]
        return [*found, len(patient.call("GET", f"/dicomweb/studies/{study}/instances").json())]

    before = answers()
    compacted(coffre, patient)
    assert answers() == before
    assert before[-1] == SLICES


def test_what_comes_afterwards_joins_the_study_and_what_was_there_is_a_duplicate(
    coffre: Coffre, patient: Patient, fragmented: list[bytes]
) -> None:
    compacted(coffre, patient)
    lab = coffre.depositor(LABORATORY)
    again = coffre.submission(lab, coffre.stow(lab, fragmented[:1], patient.ins))
    assert [part["outcome"] for part in again["parts"]] == ["duplicate"]
    later = patient.ct(slices=SLICES + 1)[-1:]
    assert coffre.stow(lab, later, patient.ins).status_code == 200
    (document,) = patient.documents()
    assert document["instances"] == SLICES + 1
    assert images(coffre.grant(patient.token, patient.ins)) == sorted([*fragmented, *later])


def test_a_study_that_is_not_quiet_is_left_alone(
    coffre: Coffre, patient: Patient, fragmented: list[bytes]
) -> None:
    done = command(coffre, "compact", "--record", patient.ins, "--json")
    assert answer_of(done)["studies"] == 0
    unknown = command(coffre, "compact", "--record", "00000000-0000-4000-8000-000000000000")
    assert (unknown.returncode, "no_such_record" in unknown.stderr) == (1, True)


def test_the_holder_reads_that_it_was_repacked(
    coffre: Coffre, patient: Patient, fragmented: list[bytes]
) -> None:
    compacted(coffre, patient)
    lines = [line for line in patient.log() if line["action"] == "compact"]
    assert lines
    assert {line["actor"]["role"] for line in lines} == {"operator"}
    assert {line["purpose"] for line in lines} <= {"normal", "MAINTENANCE"}


def test_nothing_is_in_clear_and_everything_agrees(
    coffre: Coffre, patient: Patient, fragmented: list[bytes], tmp_path: Path
) -> None:
    compacted(coffre, patient)
    found = prove_and_search(coffre.data, {"ins": patient.ins}, [("slice", fragmented[0])])
    assert found.found == ()
    assert command(coffre, "audit", "verify").returncode == 0
    checked = command(coffre, "check", "--scrub")
    assert checked.returncode == 0, checked.stdout
