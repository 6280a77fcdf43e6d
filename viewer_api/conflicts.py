"""Documents that claim the same identifiers: told to whoever sees both, and to nobody else.

Of a list the summaries tell which studies two structures used. Whether they used the same SOP Instance UIDs
with other bytes stands in the details, which are opened for those studies alone.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Protocol
from uuid import UUID

from keyvault.verbs.rows import STUDY, SeenDocument
from records.documents.instances import kept, newest
from records.documents.summaries import DocumentSummary
from records.vocabulary.identifier_warnings import IDENTIFIER_WARNINGS, INSTANCE_UID_SHARED, STUDY_UID_SHARED

Claim = tuple[str, str, object]
"""Code of the conflict, the identifier, and what two claims of it must differ in beside their structure."""
Conflicts = Mapping[UUID, frozenset[str]]
"""Codes by document: another structure's has the same study UID, or other bytes for a SOP UID."""
NO_CONFLICTS: Conflicts = {}


class Summarised(Protocol):
    """A document as a list or a search shows it."""

    @property
    def document_id(self) -> UUID: ...
    @property
    def structure(self) -> str: ...
    @property
    def summary(self) -> DocumentSummary: ...


def sharing_studies(documents: Iterable[Summarised]) -> list[UUID]:
    """Those whose Study Instance UID another structure's among them has too."""
    dicom = [each for each in documents if each.summary.study_uid]
    structures: dict[str | None, set[str]] = defaultdict(set)
    for each in dicom:
        structures[each.summary.study_uid].add(each.structure)
    return [each.document_id for each in dicom if len(structures[each.summary.study_uid]) > 1]


def conflicts(documents: Iterable[SeenDocument]) -> Conflicts:
    """Of opened documents; nothing is said of a document that isn't among them."""
    documents = [each for each in documents if newest(each.details).study_uid]
    if len({each.facts.author_structure for each in documents}) < 2:
        return NO_CONFLICTS
    claims: dict[tuple[str, str], list[tuple[SeenDocument, object]]] = defaultdict(list)
    for document in documents:
        for code, identifier, content in _claims(document):
            claims[code, identifier].append((document, content))
    found: dict[UUID, set[str]] = defaultdict(set)
    for (code, _), claimants in claims.items():
        for document in _in_conflict(claimants):
            found[document.document_id].add(code)
    return {document_id: frozenset(codes) for document_id, codes in found.items()}


def _claims(document: SeenDocument) -> Iterator[Claim]:
    if document.facts.kind == STUDY:
        yield STUDY_UID_SHARED, newest(document.details).study_uid or "", document.facts.author_structure
    for each in kept(document.details):
        if each.live:
            yield INSTANCE_UID_SHARED, each.instance.sop, each.instance.place.sha256


def _in_conflict(claimants: list[tuple[SeenDocument, object]]) -> list[SeenDocument]:
    structures = {document.facts.author_structure for document, _ in claimants}
    if len(structures) < 2 or len({content for _, content in claimants}) < 2:
        return []
    return [document for document, _ in claimants]


def sentences(codes: Collection[str]) -> list[str]:
    """What there is to say, in English, each once; for HTTP Warning headers."""
    return [english for code, (_, english) in IDENTIFIER_WARNINGS.items() if code in codes]
