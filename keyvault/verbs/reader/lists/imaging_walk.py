"""Walk through a record's studies, newest first, as one actor sees them.

A study stands where its newest document stands. Facts are opened of every study that is walked past, its
summaries where something is asked of them, its details where series or instances are looked for.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from uuid import UUID

from keyvault.verbs.reader.lists.filling import Reader, Visible, check_summarised, portions
from records.documents.details import DocumentDetails
from records.imaging.studies import ImagingDocument, Study

Group = tuple[Sequence[Visible], bool]
"""The documents of one study and structure, newest first; whether another structure has the study, too."""
Key = tuple[bytes, str]
AT_ONCE = 100
"""Studies whose summaries are opened together."""


def groups(reader: Reader, tokens: Sequence[bytes] | None, first: int) -> Iterator[Group]:
    """Each study once. `tokens` are those of the studies that are named; None: all of the record.

    Of named ones, hidden and absent take the same searches and openings.
    """
    if tokens is not None:
        together = [*portions(reader.of_studies(tokens))] or [[]]
        named = [each for portion in together for each in reader.judged(portion)]
        yield from _grouped(named)
        return
    met: set[Key] = set()
    for rows in reader.imaging(first):
        here = reader.judged(rows)
        ids = {each.row["document_id"] for each in here}
        every = sorted([*here, *_beside(reader, here, ids)], key=lambda each: each.key, reverse=True)
        for documents, shared in _grouped(every):
            key = _token(documents[0]), documents[0].facts.author_structure
            if key not in met and documents[0].row["document_id"] in ids:
                met.add(key)
                yield documents, shared


def _beside(reader: Reader, here: Sequence[Visible], ids: Collection[UUID]) -> list[Visible]:
    """What else may be seen of the same studies."""
    rows = reader.of_studies([_token(each) for each in here])
    others = [row for row in rows if row["document_id"] not in ids]
    return [each for portion in portions(others) for each in reader.judged(portion)]


def studies(reader: Reader, found: Iterable[Group]) -> Iterator[Study]:
    """With their summaries. Raises `SummariesLacking`."""
    walk = iter(found)
    while batch := list(islice(walk, AT_ONCE)):
        opened = reader.summarised([each for documents, _ in batch for each in documents])
        check_summarised(opened)
        rest = iter(opened)
        for documents, shared in batch:
            whole = tuple(_document(each) for each in islice(rest, len(documents)))
            if whole[0].summary.study_uid:
                yield Study(whole, shared)


def detailed(study: Study, details: Mapping[UUID, tuple[DocumentDetails, ...]]) -> Study:
    """The same study with its details; what has none yet is not shown."""
    return Study(
        tuple(
            ImagingDocument(
                each.document_id, each.structure, each.created_at, each.summary, details[each.document_id]
            )
            for each in study.documents
        ),
        study.shared,
    )


def _grouped(documents: Sequence[Visible]) -> list[Group]:
    found: dict[Key, list[Visible]] = {}
    for each in documents:
        found.setdefault((_token(each), each.facts.author_structure), []).append(each)
    structures = Counter(token for token, _ in found)
    return [(each, structures[token] > 1) for (token, _), each in found.items()]


def _token(document: Visible) -> bytes:
    token: bytes = document.row["study_token"]
    return token


def _document(each: Visible) -> ImagingDocument:
    assert each.summary is not None  # checked for all of them
    return ImagingDocument(
        each.facts.document_id, each.facts.author_structure, each.row["created_at"], each.summary
    )
