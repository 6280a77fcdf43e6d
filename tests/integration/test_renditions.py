"""The first picture of a series after one request: made at the deposit, granted, dead with what it shows."""

import io
import struct
import time
from pathlib import Path
from uuid import UUID

import pydicom
import pytest
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import EnhancedCTImageStorage, JPEG2000Lossless

from coffre.installation.install import initialise
from coffre.plaintext_search.search import prove_and_search
from coffre.settings import load
from content.rendition import LARGEST_OVERVIEW, LARGEST_STRIP, Rendition, read_rendition
from keyvault.crypto.sealed_blob import BlobKind
from keyvault.process.guard import Guard
from tests.integration.hiding import hide_from_patient
from tests.integration.operators import answer_of, command, on_a_terminal
from tests.integration.support import LABORATORY, Coffre, Grant, Patient, bearer, serving
from tests.integration.test_withdraw import uids, withdraw

MANY = 120
"""Slices of a series whose deposit costs enough for a strip to be a small part of it."""
MANY_FRAMES = 500
"""Of one object: its strip is affordable where a busy machine makes the first picture cost three times."""


def renditions(grant: Grant) -> list[Rendition]:
    """Those that the grant names, in its order, as a recipient opens them."""
    body = grant.open()
    sizes = {blob.sealed.ref.blob_id: blob.sealed.plaintext_size for blob in body.blobs}
    named = [blob for series in body.series for blob in body.blobs_of(series, BlobKind.RENDITION)]
    every = [blob.sealed.ref.blob_id for blob in body.blobs if blob.sealed.ref.kind is BlobKind.RENDITION]
    assert sorted(named) == sorted(every)
    return [read_rendition(grant.read(blob, 0, sizes[blob])) for blob in named]


def of(coffre: Coffre, patient: Patient) -> list[Rendition]:
    return renditions(coffre.grant(patient.token, patient.ins))


def forms(found: list[Rendition]) -> list[str]:
    return [each.form for each in found]


def deposited(coffre: Coffre, patient: Patient, files: list[bytes]) -> None:
    answer = coffre.stow(coffre.depositor(LABORATORY), files, patient.ins)
    assert answer.status_code == 200, answer.text


def checked(coffre: Coffre) -> None:
    """Objects, index, vault and log agree."""
    answer_of(command(coffre, "check", "--json"))


class TestAtTheDeposit:
    def test_a_small_series_has_an_overview_of_its_middle_image(
        self, coffre: Coffre, patient: Patient
    ) -> None:
        deposited(coffre, patient, patient.ct(slices=3))
        _, instances = uids(patient)
        (overview,) = of(coffre, patient)
        assert overview.form == "overview" and overview.frames == ((instances[1], 1),)
        assert len(overview.jpeg) <= LARGEST_OVERVIEW
        with Image.open(io.BytesIO(overview.jpeg)) as picture:
            picture.load()
            assert picture.size == (overview.width, overview.height)
            low, high = picture.convert("L").getextrema()
            assert high - low > 100  # something is seen on it

    def test_a_large_series_has_a_strip_too(self, coffre: Coffre, patient: Patient) -> None:
        deposited(coffre, patient, patient.ct(slices=MANY, size=32))
        _, instances = uids(patient)
        strip, overview = of(coffre, patient)
        assert (strip.form, overview.form) == ("strip", "overview")
        assert len(strip.jpeg) <= LARGEST_STRIP
        assert 2 <= len(strip.frames) <= 64
        places = [instances.index(sop) for sop, _ in strip.frames]
        assert places == sorted(set(places))
        with Image.open(io.BytesIO(strip.jpeg)) as picture:
            assert picture.size == (strip.width * strip.columns, strip.height)

    def test_what_cannot_be_decoded_is_published_without(self, coffre: Coffre, patient: Patient) -> None:
        """A decode failure is no verdict; the metrics count it and no log names it."""
        before = metric(coffre, "coffre_deposits_not_renderable")
        files = [_damaged(content) for content in patient.ct(slices=2)]
        deposited(coffre, patient, files)
        assert of(coffre, patient) == []
        (document,) = patient.documents()
        assert document["instances"] == 2
        assert metric(coffre, "coffre_deposits_not_renderable") == before + 1

    def test_the_client_of_the_first_version_is_granted_what_it_knows(
        self, coffre: Coffre, patient: Patient
    ) -> None:
        deposited(coffre, patient, patient.ct(slices=2))
        assert forms(of(coffre, patient)) == ["overview"]
        headers = coffre.http.headers.copy()
        try:
            coffre.http.headers["User-Agent"] = "coffre"
            assert of(coffre, patient) == []
        finally:
            coffre.http.headers = headers

    def test_of_several_deposits_the_newest_is_shown(self, coffre: Coffre, patient: Patient) -> None:
        files = patient.ct(slices=3)
        for content in files:
            deposited(coffre, patient, [content])
        _, instances = uids(patient)
        (overview,) = of(coffre, patient)
        assert overview.frames == ((instances[2], 1),)

    def test_it_is_sealed_like_everything_else(self, coffre: Coffre, patient: Patient) -> None:
        deposited(coffre, patient, patient.ct(slices=2))
        (overview,) = of(coffre, patient)
        needles = {"series": overview.series, "picture": overview.jpeg[-200:]}
        found = prove_and_search(coffre.data, needles, [("overview", overview.jpeg)])
        assert found.found == ()

    def test_an_object_of_many_frames_has_a_strip_of_them(self, coffre: Coffre, patient: Patient) -> None:
        deposited(coffre, patient, [_of_frames(patient, MANY_FRAMES)])
        (instance,) = uids(patient)[1]
        strip, overview = of(coffre, patient)
        assert overview.frames == ((instance, MANY_FRAMES // 2 + 1),)
        numbers = [number for _, number in strip.frames]
        assert {sop for sop, _ in strip.frames} == {instance}
        assert (
            numbers == sorted(set(numbers))
            and 1 <= numbers[0] < MANY_FRAMES // 2 < numbers[-1] <= MANY_FRAMES
        )


class TestDeath:
    """A rendition dies with any instance that it shows."""

    def test_a_withdrawal_takes_it_and_makes_another(self, coffre: Coffre, patient: Patient) -> None:
        deposited(coffre, patient, patient.ct(slices=3))
        _, instances = uids(patient)
        older = coffre.grant(patient.token, patient.ins)
        (before,) = renditions(older)
        assert before.frames == ((instances[1], 1),)
        assert answer_of(withdraw(coffre, patient, "--instance", instances[1]))["state"] == "done"
        (after,) = of(coffre, patient)
        assert after.frames == ((instances[2], 1),)
        assert after.jpeg != before.jpeg
        (kept,) = renditions(older)  # revocation is prospective: readable until the grant ends
        assert kept.jpeg == before.jpeg
        checked(coffre)

    def test_a_withdrawal_of_all_takes_it_and_makes_none(self, coffre: Coffre, patient: Patient) -> None:
        deposited(coffre, patient, patient.ct(slices=2))
        assert answer_of(withdraw(coffre, patient, "--all"))["state"] == "done"
        assert patient.documents() == []

    def test_a_new_version_of_what_it_shows_takes_its_place(self, coffre: Coffre, patient: Patient) -> None:
        files = patient.ct(slices=3)
        deposited(coffre, patient, files)
        (before,) = of(coffre, patient)
        deposited(coffre, patient, [_damaged(files[1])])  # it gives no picture of its own
        assert of(coffre, patient) == []
        deposited(coffre, patient, [_brighter(files[1])])
        (after,) = of(coffre, patient)
        assert after.frames == before.frames and after.jpeg != before.jpeg

    def test_compaction_makes_it_of_the_whole_study(self, coffre: Coffre, patient: Patient) -> None:
        for content in patient.ct(slices=3):
            deposited(coffre, patient, [content])
        _, instances = uids(patient)
        done = command(coffre, "compact", "--record", patient.ins, "--quiet-for", "0", "--json")
        assert answer_of(done)["compacted"] == 1
        (overview,) = of(coffre, patient)
        assert overview.frames == ((instances[1], 1),)
        assert len(coffre.grant(patient.token, patient.ins).open().blobs) == 3
        checked(coffre)

    @pytest.mark.long
    def test_a_strip_dies_with_an_instance_that_it_shows_and_with_no_other(
        self, coffre: Coffre, patient: Patient
    ) -> None:
        deposited(coffre, patient, patient.ct(slices=MANY, size=32))
        _, instances = uids(patient)
        (before, _) = of(coffre, patient)
        shown = {sop for sop, _ in before.frames}
        apart = next(sop for sop in instances if sop not in shown)
        for gone in (before.frames[0][0], apart):
            assert answer_of(withdraw(coffre, patient, "--instance", gone))["state"] == "done"
            every = of(coffre, patient)
            assert all(sop != gone for each in every for sop, _ in each.frames)
            assert forms(every) == ["strip", "overview"]
        checked(coffre)

    @pytest.mark.long
    def test_a_strip_of_frames_dies_with_their_object(self, coffre: Coffre, patient: Patient) -> None:
        first, second = patient.ct(slices=2, size=256)
        deposited(coffre, patient, [_repeated(first, 200), second])
        (strip, _) = of(coffre, patient)
        ((gone, _), *_) = strip.frames
        assert {sop for sop, _ in strip.frames} == {gone} == {pydicom_of(first).SOPInstanceUID}
        assert answer_of(withdraw(coffre, patient, "--instance", gone))["state"] == "done"
        (overview,) = of(coffre, patient)
        assert overview.form == "overview"
        assert overview.frames == ((pydicom_of(second).SOPInstanceUID, 1),)
        checked(coffre)


class TestRights:
    """A rendition is granted as its study is, and never without it."""

    def test_what_the_patient_does_not_see_yet_shows_only_others_itself(
        self, coffre: Coffre, patient: Patient
    ) -> None:
        deposited(coffre, patient, patient.ct(slices=2))
        patient.authorise()
        (study,) = patient.documents()
        thumbnail = f"/records/{patient.ins}/dicomweb/studies/{study['study_uid']}/thumbnail"
        assert coffre.http.get(thumbnail, headers=bearer(patient.token)).status_code == 200
        with coffre.system() as system:
            assert isinstance(system.guard, Guard)
            hide_from_patient(system.guard._vault, UUID(study["id"]), int(time.time()) + 1000)
        doctor = coffre.professional()
        assert forms(renditions(coffre.grant(doctor, patient.ins))) == ["overview"]
        assert coffre.http.get(thumbnail, headers=bearer(doctor)).status_code == 200
        refused = coffre.http.get(thumbnail, headers=bearer(patient.token))
        assert (refused.status_code, refused.json()["code"]) == (404, "no_such_document")
        assert of(coffre, patient) == []

    def test_what_is_masked_shows_nothing_of_itself(self, coffre: Coffre, patient: Patient) -> None:
        deposited(coffre, patient, patient.ct(slices=2, seed=1))
        deposited(coffre, patient, patient.ct(slices=2, seed=2))
        patient.authorise()
        doctor = coffre.professional()
        both = renditions(coffre.grant(doctor, patient.ins))
        assert len({each.study for each in both}) == 2
        masked = patient.documents()[0]
        path = f"/documents/{masked['id']}/labels"
        assert patient.call("PUT", path, json=["MASQUE_PS"]).status_code == 200
        left = renditions(coffre.grant(doctor, patient.ins))
        assert [each.study for each in left] == [
            each.study for each in both if each.study != masked["study_uid"]
        ]
        assert len(of(coffre, patient)) == 2, "the holder sees it as before"
        thumbnail = f"/records/{patient.ins}/dicomweb/studies/{masked['study_uid']}/thumbnail"
        assert coffre.http.get(thumbnail, headers=bearer(doctor)).status_code == 404


class TestMakingThemLater:
    def made(self, coffre: Coffre, patient: Patient, *more: str, code: int = 0) -> dict[str, int]:
        done = command(coffre, "renditions", "--record", patient.ins, "--json", *more)
        found: dict[str, int] = answer_of(done, code)
        return found

    def test_what_was_deposited_without_gets_them_and_only_once(self, tmp_path: Path) -> None:
        initialise(load(data=tmp_path / "data"))
        with serving(tmp_path / "data", COFFRE_RENDITIONS="off") as coffre:
            patient = coffre.open_record()
            deposited(coffre, patient, patient.ct(slices=MANY, size=32))
            assert of(coffre, patient) == []
            older = coffre.grant(patient.token, patient.ins)
            assert self.made(coffre, patient, "--dry-run") == {"studies": 1, "done": 0}
            assert of(coffre, patient) == []
            assert metric(coffre, "coffre_deposits_without_renditions") == 1
            assert self.made(coffre, patient) == {"studies": 1, "done": 1}
            assert forms(of(coffre, patient)) == ["strip", "overview"]
            assert len(older.open().blobs) == 2
            assert self.made(coffre, patient) == {"studies": 0, "done": 0}
            assert metric(coffre, "coffre_deposits_without_renditions") == 0
            assert [line["action"] for line in patient.log() if line["action"] == "render"]
            checked(coffre)
            (_, overview) = of(coffre, patient)
            ((shown, _),) = overview.frames
            assert answer_of(withdraw(coffre, patient, "--instance", shown))["state"] == "done"
            after = of(coffre, patient)
            assert all(sop != shown for each in after for sop, _ in each.frames)
            assert forms(after) == ["strip", "overview"]
            checked(coffre)

    def test_a_run_goes_on_and_what_cannot_be_decoded_is_not_tried_again(self, tmp_path: Path) -> None:
        initialise(load(data=tmp_path / "data"))
        with serving(tmp_path / "data", COFFRE_RENDITIONS="off") as coffre:
            patient = coffre.open_record()
            deposited(coffre, patient, [_damaged(content) for content in patient.ct(slices=2)])
            deposited(coffre, patient, patient.ct(slices=2, seed=2))
            assert self.made(coffre, patient, "--most", "1") == {"studies": 1, "done": 1}
            # a run goes on behind what the one before it has done, and a terminal shows how far it is
            shown = on_a_terminal(coffre, "renditions", "--record", patient.ins)
            assert "1/1" in shown and shown.endswith("Rendered 1 of 1 studies.")
            assert forms(of(coffre, patient)) == ["overview"]
            assert self.made(coffre, patient) == {"studies": 0, "done": 0}


def metric(coffre: Coffre, name: str) -> int:
    text = coffre.http.get("/metrics").text
    (line,) = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return int(float(line.split()[1]))


def pydicom_of(content: bytes) -> pydicom.FileDataset:
    return pydicom.dcmread(io.BytesIO(content))


def _of_frames(patient: Patient, count: int) -> bytes:
    """One object of so many frames of 256 x 256."""
    return _repeated(patient.ct(slices=1, size=256)[0], count)


def _repeated(content: bytes, count: int) -> bytes:
    found = pydicom_of(content)
    found.SOPClassUID = found.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    found.NumberOfFrames, found.PixelData = count, found.PixelData * count
    return _written(found)


def _damaged(content: bytes) -> bytes:
    """The same object, its pixel data a codestream of its size that ends before its first tile."""
    found = pydicom.dcmread(io.BytesIO(content))
    found.file_meta.TransferSyntaxUID = JPEG2000Lossless
    siz = struct.pack(">HH4I16xH", 41, 0, found.Columns, found.Rows, 0, 0, 1)
    found.PixelData = encapsulate([b"\xff\x4f\xff\x51" + siz + bytes(20) + b"\xff\xd9"])
    found["PixelData"].VR = "OB"
    return _written(found)


def _brighter(content: bytes) -> bytes:
    """The same object with other pixels: a later version of it."""
    found = pydicom.dcmread(io.BytesIO(content))
    half = len(found.PixelData) // 2
    found.PixelData = b"\xff\x7f" * (half // 2) + found.PixelData[half:]
    return _written(found)


def _written(dataset: pydicom.FileDataset) -> bytes:
    written = io.BytesIO()
    dataset.save_as(written, enforce_file_format=True)
    return written.getvalue()
