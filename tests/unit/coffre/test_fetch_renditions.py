"""What a client makes of the small pictures that a grant names beside the metadata of a series."""

from pathlib import Path

import pytest

from client.fetch.fetching import fetch
from client.fetch.manifest import Manifest
from client.fetch.opened_grant import OpenedGrant
from content.rendition import Rendition, write_rendition
from keyvault.crypto.sealed_blob import BlobKind
from keyvault.grants.grant import GrantBody, GrantedSeries
from records.errors import CoffreError
from tests.unit.coffre.test_fetch import SERIES, SOPS, STUDY, STUDY_DOCUMENT, Double, client_of, seal
from tests.unit.content.test_rendition import PICTURE

OVERVIEW = write_rendition(PICTURE, Rendition("overview", STUDY, SERIES, 1, 16, 8, ((SOPS[1], 1),)))
STRIP = write_rendition(PICTURE, Rendition("strip", STUDY, SERIES, 2, 8, 8, ((SOPS[0], 1), (SOPS[1], 1))))
OTHERS = write_rendition(PICTURE, Rendition("overview", STUDY, "1.9", 1, 16, 8, ((SOPS[1], 1),)))


class Pictured(Double):
    """The same study with further blobs of its series."""

    def __init__(self, *more: tuple[BlobKind, bytes]) -> None:
        super().__init__()
        sealed = [seal(kind, content) for kind, content in more]
        (series,) = self.study_body.series
        named = (*series.blobs, *(blob.sealed.ref.blob_id for blob, _ in sealed))
        blobs = (*self.study_body.blobs, *(blob for blob, _ in sealed))
        self.study_body = GrantBody(blobs, (), (GrantedSeries(series.study, series.series, named),))
        self.objects |= {blob.sealed.ref.blob_id: data for blob, data in sealed}

    def granted(self) -> tuple[OpenedGrant, GrantedSeries]:
        opened = client_of(self).grant(documents=[STUDY_DOCUMENT])
        (series,) = opened.body.series
        return opened, series

    def objects_asked(self) -> int:
        return sum(request.url.path.startswith("/objects/") for request in self.requests)


PICTURES = ((BlobKind.RENDITION, STRIP), (BlobKind.RENDITION, OVERVIEW))


def test_the_first_picture_is_there_after_one_request() -> None:
    double = Pictured(*PICTURES)
    opened, series = double.granted()
    overview = opened.overview(series)
    assert overview is not None and overview.jpeg == OVERVIEW
    assert overview.frames == ((SOPS[1], 1),)
    assert double.objects_asked() == 1
    assert [each.form for each in opened.renditions(series)] == ["strip", "overview"]


def test_a_series_without_one_says_so() -> None:
    opened, series = Pictured().granted()
    assert opened.overview(series) is None and opened.renditions(series) == []


def test_instances_are_read_from_metadata_whatever_else_a_series_has() -> None:
    """A kind that a later version may grant is passed over, too."""
    opened, _ = Pictured(*PICTURES, (BlobKind.EXPORT, b"of a later version")).granted()
    assert [each.sop for each in opened.instances()] == list(SOPS)


def test_the_picture_of_another_series_is_refused() -> None:
    opened, series = Pictured((BlobKind.RENDITION, OTHERS)).granted()
    with pytest.raises(CoffreError) as refusal:
        opened.overview(series)
    assert refusal.value.code == "rendition_not_valid"


def test_overviews_alone_are_fetched_beside_no_image(tmp_path: Path) -> None:
    double = Pictured(*PICTURES)
    fetched = fetch(client_of(double), tmp_path, Manifest(tmp_path), study=STUDY, overview=True)
    (file,) = fetched.files
    assert file.path.read_bytes() == OVERVIEW
    assert file.path.name == f"{SERIES}.jpg"
    assert double.objects_asked() == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [file.path]
