"""One study as a zip: its files as they were deposited, and a DICOMDIR, as on a disc of images.

Streamed: nothing is stored; in memory are a piece, what the DICOMDIR says of each file and, while that is
gathered, the metadata of one series. Names say nothing of anybody.
"""

import io
import zipfile
from collections.abc import Iterator, Sequence

from content.dicom.dicomdir_writer import LISTED, ListedFile, write_directory
from viewer_api.gateway.opened_study import OpenedStudy, StoredInstance
from viewer_api.gateway.reading import begun

DIRECTORY, FOLDER = "DICOMDIR", "DICOM"
_NO_DATE = (1980, 1, 1, 0, 0, 0)
Named = tuple[tuple[str, ...], StoredInstance]


def study_archive(study: OpenedStudy) -> Iterator[bytes]:
    """The zip, in pieces. Raises `NotFound` where there are no images, and what `OpenedStudy.read` raises:
    before the first piece or later. The archive is then cut, and no tool takes it for whole.
    """
    named = list(_named(study.instances()))
    return begun(_zipped(_entries(study, named)))


def _named(instances: Sequence[StoredInstance]) -> Iterator[Named]:
    """Names of a file-set: components of eight capitals and digits at most (PS3.10 section 8.2)."""
    series: dict[str, int] = {}
    for number, each in enumerate(instances, 1):
        place = series.setdefault(each.series, len(series) + 1)
        yield (FOLDER, f"SE{place:06d}", f"IM{number:06d}"), each


def _entries(study: OpenedStudy, named: Sequence[Named]) -> Iterator[tuple[str, Iterator[bytes]]]:
    yield DIRECTORY, iter([write_directory(_listed(study, named))])
    for name, instance in named:
        yield "/".join(name), study.read(instance)


def _listed(study: OpenedStudy, named: Sequence[Named]) -> list[ListedFile]:
    described = {
        (series, each["00080018"]["Value"][0]): {tag: each[tag] for tag in LISTED & each.keys()}
        for series in dict.fromkeys(instance.series for _, instance in named)
        for each in study.metadata(series)
    }
    return [
        ListedFile(name, instance.transfer_syntax, described[instance.series, instance.sop])
        for name, instance in named
    ]


def _zipped(entries: Iterator[tuple[str, Iterator[bytes]]]) -> Iterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, pieces in entries:
            with archive.open(zipfile.ZipInfo(name, _NO_DATE), "w", force_zip64=True) as entry:
                for piece in pieces:
                    entry.write(piece)
                    yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """What the archive writes, until it is taken; it cannot be sought, so sizes follow the content."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        found, self._held = bytes(self._held), bytearray()
        return found
