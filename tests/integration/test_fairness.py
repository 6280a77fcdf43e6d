"""Slow files of one structure do not keep another's deposit waiting: really slow ones, really sent."""

import io
import time

import httpx
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from coffre.demonstration import data as demo
from ingestion.fairness import DAY_MS
from tests.integration.support import HOSPITAL, LABORATORY, TRAITS, Coffre, bearer

SUBMISSIONS, PARTS, ITEMS = 6, 3, 50_000


@pytest.fixture(scope="module")
def slow_instance() -> bytes:
    """An honest image whose sequence has very many items: a second of CPU for two megabytes."""
    (_, content), *_ = demo.ct_study(demo.PATIENT_INS, demo.OID, slices=1, size=32, traits=TRAITS)
    dataset = pydicom.dcmread(io.BytesIO(content))
    del dataset.PatientID, dataset.IssuerOfPatientID, dataset.IssuerOfPatientIDQualifiersSequence
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.1000"
    items = []
    for number in range(ITEMS):
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = str(number), "99X", "x"
        items.append(item)
    dataset.ProcedureCodeSequence = Sequence(items)
    out = io.BytesIO()
    dataset.save_as(out)
    return out.getvalue()


def send_slow(coffre: Coffre, token: str, ins: str, instance: bytes) -> list[str]:
    """Submissions that are received and not waited for; their addresses."""
    found = []
    for submission in range(SUBMISSIONS):
        parts = [
            instance.replace(b"1.2.3.1000", b"1.2.3.%d" % (2000 + 10 * submission + n)) for n in range(PARTS)
        ]
        answer = coffre.stow(token, parts, ins, Prefer="respond-async")
        assert answer.status_code == 202, answer.text
        found.append(answer.headers["content-location"])
    return found


def unfinished(coffre: Coffre, token: str, addresses: list[str]) -> int:
    states = [httpx.get(coffre.url + each, headers=bearer(token)).json()["state"] for each in addresses]
    return sum(state in ("received", "validating") for state in states)


def test_slow_files_of_one_structure_do_not_keep_another_waiting(
    fresh_coffre: Coffre, slow_instance: bytes
) -> None:
    coffre, ins = fresh_coffre, fresh_coffre.open_record().ins
    laboratory, hospital = coffre.depositor(LABORATORY), coffre.depositor(HOSPITAL)
    addresses = send_slow(coffre, laboratory, ins, slow_instance)
    left = []
    for number in range(3):
        report = demo.report_pdf(ins, traits=TRAITS, accession=f"RX26-{number:06d}")
        assert coffre.publish_pdf(hospital, ins, report).status_code == 201
        left.append(unfinished(coffre, laboratory, addresses))
        time.sleep(1)
    assert min(left) > 0, "the slow ones were done before anybody could wait for them: make them slower"
    now = int(time.time() * 1000)
    with coffre.system() as system:
        burdens = system.index.burdens(now // DAY_MS, 1, now)
    assert len(burdens.slow) == 1
    deadline = time.monotonic() + 240
    while unfinished(coffre, laboratory, addresses) and time.monotonic() < deadline:
        time.sleep(1)
    assert unfinished(coffre, laboratory, addresses) == 0  # last, and not lost
