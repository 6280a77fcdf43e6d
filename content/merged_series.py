"""The series of a grant: its metadata documents joined into the instances that a recipient sees."""

from collections.abc import Iterable, Iterator

from content import series_metadata as series_format
from content.series_metadata import SeriesInstance, read_series
from content.series_stream import damaged, too_large
from records.documents.instances import latest
from records.errors import Invalid


def merge_series(study: str, series: str, documents: Iterable[bytes]) -> list[SeriesInstance]:
    """Returns the instances of one document's series from its metadata blobs, oldest first.

    Raises `CoffreError` "series_damaged" or "series_too_large".
    """
    every = (one for document in documents for one in _instances(study, series, document))
    return latest(every, lambda one: one.sop)


def _instances(study: str, series: str, document: bytes) -> Iterator[SeriesInstance]:
    try:
        found = read_series(document, series_format.LARGEST)
    except Invalid as error:
        raise too_large() if error.code == "series_document_too_large" else damaged() from None
    if (found.study, found.series) != (study, series):  # the grant says which series the blob is of
        raise damaged()
    yield from found.instances
