"""Orthanc, unchanged, sends a study to Coffre over STOW-RS."""

from collections.abc import Iterator

import pytest

from tests.integration.support import Coffre, Patient
from tests.services.orthanc import Orthanc, running
from tests.unit.content.metadata_forms import read


@pytest.fixture(scope="module")
def orthanc(coffre: Coffre) -> Iterator[Orthanc]:
    with running(coffre.server.port) as found:
        yield found


@pytest.mark.parametrize("chunked", [True, False], ids=["in chunks", "with a length"])
def test_a_study_it_holds_is_published(
    coffre: Coffre, patient: Patient, orthanc: Orthanc, chunked: bool
) -> None:
    files = patient.ct(slices=5, size=64)
    (study,) = {orthanc.hold(content) for content in files}
    path = f"/records/{patient.public_id}/dicomweb/"
    orthanc.know("coffre", path, coffre.depositor(), ChunkedTransfers=chunked)
    answer = orthanc.stow("coffre", study)
    assert answer.status_code == 200, answer.text
    (document,) = {document["study_uid"] for document in patient.documents()}
    assert document == read(files[0]).StudyInstanceUID
    assert sum(document["instances"] for document in patient.documents()) == 5


def test_by_content_and_byte_for_byte(coffre: Coffre, patient: Patient, orthanc: Orthanc) -> None:
    (content,) = patient.ct(slices=1, size=64)
    study = orthanc.hold(content)
    orthanc.know("coffre", "/dicomweb/", coffre.depositor())
    assert orthanc.stow("coffre", study).status_code == 200
    grant = coffre.grant(patient.token, patient.ins)
    pack = next(blob.sealed for blob in grant.open().blobs if blob.sealed.ref.kind == 1)
    assert grant.read(pack.ref.blob_id, 0, pack.plaintext_size) == content


def test_a_refusal_is_an_error_there(coffre: Coffre, patient: Patient, orthanc: Orthanc) -> None:
    """It is told so, and keeps its copy."""
    other = coffre.open_record()
    study = orthanc.hold(other.ct(slices=1, size=64)[0])
    orthanc.know("coffre", f"/records/{patient.public_id}/dicomweb/", coffre.depositor())
    assert orthanc.stow("coffre", study).status_code >= 400
    assert patient.documents() == []
    assert orthanc.http.get(f"/studies/{study}").status_code == 200
