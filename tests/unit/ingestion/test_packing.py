"""Parts become blobs: one for each document, and one of metadata for each series; the plan says so again."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.series_metadata import Frames, read_series
from ingestion.grouping import InspectedPart, groups_of
from ingestion.outcomes import Judgement, PartOutcome
from ingestion.worker.opening import OpenedContent, sealed_blob
from ingestion.worker.packing import PackedGroup, Packer, Sealing
from ingestion.worker.planning import follow_plan, planned_judgements, write_plan
from keyvault.crypto.boxes import new_box_key
from keyvault.crypto.sealed_blob import BlobKind
from keyvault.keys.reception import open_key
from storage.index.store import SqlIndex
from storage.migrations.migrate import upgrade
from storage.ports.objects import ObjectStore
from storage.rows.submissions import Blob
from tests.contract.storage_adapters import open_database, open_objects
from tests.unit.ingestion.parts import SET_ASIDE, STRUCTURED_REPORT, dicom_part, pdf_part, typed
from tests.unit.keyvault.sealing import material

SUBMISSION, DEPOSITOR = UUID(int=1), b"d" * 32
NOW = 1_700_000_000_000


class Bench:
    """A packer over a database and files, and one received blob of `material`."""

    def __init__(self, folder: Path) -> None:
        database = open_database(f"sqlite:///{folder}/index.db")
        upgrade(database, "index")
        self.index, self.close = SqlIndex(database), database.close
        (folder / "objects").mkdir()
        self.objects: ObjectStore = open_objects(f"file://{folder}/objects")
        self.private, public = new_box_key()
        self.beats = 0
        sealing = Sealing(SUBMISSION, DEPOSITOR, public)
        self.packer = Packer(self.index, self.objects, sealing, lambda: NOW, self._beat)

    def _beat(self) -> None:
        self.beats += 1

    def received(self, plain: bytes) -> OpenedContent:
        blob = replace(self.packer.write(BlobKind.PACK, [plain], "received"), role="received")
        return OpenedContent(self.objects, sealed_blob(blob), self.key(blob), blob=blob)

    def key(self, blob: Blob) -> bytes:
        assert blob.sealed_key is not None
        return open_key(self.private, blob.sealed_key).dek

    def plain(self, blob: Blob) -> bytes:
        found = OpenedContent(self.objects, sealed_blob(blob), self.key(blob), blob=blob)
        return found.read(0, blob.plaintext_size)

    def pack(self, parts: Iterable[InspectedPart], content: OpenedContent) -> list[PackedGroup]:
        return self.packer.pack(groups_of(parts, typed()), content)


@pytest.fixture
def bench(tmp_path: Path) -> Iterable[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


class TestPacking:
    def test_a_document_that_takes_every_byte_is_not_written_again(self, bench: Bench) -> None:
        content = bench.received(material(50))
        (packed,) = bench.pack([pdf_part(1, offset=0, length=50)], content)
        assert (packed.pack, packed.offsets, packed.series) == (content.blob, {1: 0}, ())
        assert packed.pack.role == "received"

    def test_a_pack_of_images_keeps_the_offsets_they_came_at(self, bench: Bench) -> None:
        content = bench.received(material(50))
        parts = [dicom_part(1, offset=30, length=20), dicom_part(2, offset=0, length=30)]
        (packed,) = bench.pack(parts, content)
        assert (packed.pack, packed.offsets) == (content.blob, {1: 30, 2: 0})

    def test_bytes_that_belong_to_no_document_are_left_behind(self, bench: Bench) -> None:
        """What was refused lies between them, and goes when the received blob is destroyed."""
        plain = material(200_000)
        content = bench.received(plain)
        parts = [dicom_part(1, offset=10, length=70_000), dicom_part(3, offset=100_000, length=100_000)]
        (packed,) = bench.pack(parts, content)
        assert packed.pack.role == "repacked"
        assert packed.pack.blob_id != content.blob.blob_id
        assert packed.offsets == {1: 0, 3: 70_000}
        assert bench.plain(packed.pack) == plain[10:70_010] + plain[100_000:]

    def test_each_document_has_a_blob_under_a_key_of_its_own(self, bench: Bench) -> None:
        """Withdrawing the one destroys nothing of the other."""
        plain = material(60)
        parts = [pdf_part(1, offset=0, length=40), pdf_part(2, offset=40, length=20)]
        one, two = bench.pack(parts, bench.received(plain))
        assert (bench.plain(one.pack), bench.plain(two.pack)) == (plain[:40], plain[40:])
        assert bench.key(one.pack) != bench.key(two.pack)

    def test_each_series_has_metadata_that_say_where_its_instances_lie(self, bench: Bench) -> None:
        frames: Frames = (((4, 6),),)
        parts = [
            dicom_part(1, series="1.2.1", offset=0, length=10, frames=frames, dicom={"a": {"vr": "LO"}}),
            dicom_part(2, series="1.2.2", offset=10, length=20),
            dicom_part(3, series="1.2.1", offset=30, length=10),
        ]
        (packed,) = bench.pack(parts, bench.received(material(40)))
        assert packed.series_blobs() == {
            uid: blob.blob_id for uid, blob in zip(("1.2.1", "1.2.2"), packed.series, strict=True)
        }
        assert packed.blobs == (packed.pack, *packed.series)
        one, two = (read_series(bench.plain(blob)) for blob in packed.series)
        assert {blob.role for blob in packed.series} == {"series"}
        assert (one.study, one.series, two.series) == ("1.2", "1.2.1", "1.2.2")
        assert [(each.sop, each.offset, each.length) for each in one.instances] == [
            ("1.2.1.1", 0, 10),
            ("1.2.1.3", 30, 10),
        ]
        first = one.instances[0]
        assert (first.blob_id, first.sha256) == (packed.pack.blob_id, parts[0].sha256)
        assert (first.frames, first.dicom) == (frames, {"a": {"vr": "LO"}})

    def test_what_is_set_aside_has_no_metadata_that_a_viewer_could_ask_for(self, bench: Bench) -> None:
        part = dicom_part(1, length=40, judgement=SET_ASIDE, record=None)
        (packed,) = bench.pack([part], bench.received(material(40)))
        assert packed.series == ()

    def test_a_report_has_metadata_like_every_dicom_object(self, bench: Bench) -> None:
        part = dicom_part(1, length=40, sop_class=STRUCTURED_REPORT)
        (packed,) = bench.pack([part], bench.received(material(40)))
        assert len(packed.series) == 1


class TestWriting:
    def test_a_row_names_the_blob_before_its_first_byte(self, bench: Bench) -> None:
        """So that the sweeper finds what a killed worker left."""

        def killed() -> Iterable[bytes]:
            ((blob_id, version),) = bench.index.stale_uploads(NOW + 1)
            assert bench.objects.size(blob_id, version) is None
            yield b"first"
            raise InterruptedError

        with pytest.raises(InterruptedError):
            bench.packer.write(BlobKind.PACK, killed(), "repacked")
        ((blob_id, version),) = bench.index.stale_uploads(NOW + 1)
        assert bench.objects.size(blob_id, version) is None

    def test_the_lease_is_held_while_bytes_pass(self, bench: Bench) -> None:
        before = bench.beats
        bench.packer.write(BlobKind.PACK, [b"one", b"two", b"three"], "repacked")
        assert bench.beats - before >= 3

    def test_the_key_is_sealed_to_the_day_in_the_name_of_the_depositor(self, bench: Bench) -> None:
        blob = bench.packer.write(BlobKind.SERIES_METADATA, [b"x"], "series")
        assert blob.sealed_key is not None
        received = open_key(bench.private, blob.sealed_key)
        assert (received.submission_id, received.depositor_token) == (SUBMISSION, DEPOSITOR)
        assert (received.ref.blob_id, received.ref.version) == (blob.blob_id, blob.version)
        assert received.ref.kind == BlobKind.SERIES_METADATA == blob.kind
        assert bench.objects.size(blob.blob_id, blob.version) == blob.ciphertext_size


@pytest.fixture
def parts() -> list[InspectedPart]:
    images = [dicom_part(1, series="1.2.1", length=10), dicom_part(2, series="1.2.2", offset=10, length=10)]
    return [*images, pdf_part(3, offset=20, length=10)]


@pytest.fixture
def packed(bench: Bench, parts: list[InspectedPart]) -> list[PackedGroup]:
    return bench.pack(parts, bench.received(material(30)))


class TestPlan:
    def test_a_second_worker_goes_on_with_the_blobs_of_the_first(
        self, parts: list[InspectedPart], packed: list[PackedGroup]
    ) -> None:
        blobs = [blob for each in packed for blob in each.blobs]
        assert follow_plan(write_plan(packed, parts), groups_of(parts, typed()), blobs) == packed

    @pytest.mark.parametrize("otherwise", [lambda found: found[1:], lambda found: [found[0], found[2]]])
    def test_parts_that_are_grouped_otherwise_by_now_follow_no_plan(
        self,
        parts: list[InspectedPart],
        packed: list[PackedGroup],
        otherwise: Callable[[list[InspectedPart]], list[InspectedPart]],
    ) -> None:
        blobs = [blob for each in packed for blob in each.blobs]
        assert follow_plan(write_plan(packed, parts), groups_of(otherwise(parts), typed()), blobs) is None

    def test_holds_nothing_of_the_content(self, packed: list[PackedGroup], bench: Bench) -> None:
        """It lies in the index, where no INS, identifier or title may stand."""
        parts = [dicom_part(1, description="Cancer", accession="A-1", local_id="4711"), pdf_part(3)]
        plan = json.loads(write_plan(packed, parts))
        assert set(plan) == {"groups", "verdicts"}
        assert [set(each) for each in plan["groups"]] == [
            {"pack", "offsets", "series", "renditions", "rendered"}
        ] * 2
        assert plan["verdicts"] == [[n, "published", "published", "Published."] for n in (1, 3)]

    @given(
        st.lists(
            st.builds(Judgement, outcome=st.sampled_from(PartOutcome), code=st.text(), reason=st.text()),
            max_size=6,
        )
    )
    def test_keeps_what_was_judged_of_each_part(self, judgements: list[Judgement]) -> None:
        judged = [replace(pdf_part(n), judgement=each) for n, each in enumerate(judgements, start=1)]
        assert planned_judgements(write_plan([], judged)) == dict(enumerate(judgements, start=1))
