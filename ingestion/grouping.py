"""The grouping of a submission's parts into documents: pure, and the same at every try.

A pack holds parts that are only ever granted, withdrawn and replaced together (docs/formats.md section 1):
the images of one study, or one document. Reports and key objects are documents of their own.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from content.facts import DicomFacts, EntryFacts, Facts, PdfFacts
from ingestion.outcomes import Judgement, PartOutcome
from records.documents.facts import Kind
from records.profile.entries import MEDIA_TYPE, Entry, read_entry
from records.vocabulary.document_types import STUDY_TYPE

_STRUCTURED_REPORT = "1.2.840.10008.5.1.4.1.1.88."
_ENCAPSULATED = "1.2.840.10008.5.1.4.1.1.104."
_KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59"
TYPE_REPORT = "18748-4"


@dataclass(frozen=True, slots=True)
class InspectedPart:
    """One part after validation; `record` is the INS or public id it belongs to, None while unknown.

    `meant_for` is the record that a part was set aside from for its person's traits alone.
    `names` are SOP class and instance as metadata have them of an instance that is refused.
    `repeats` is the number of an earlier part of the same submission with the same bytes.
    """

    number: int
    offset: int
    length: int
    sha256: bytes
    judgement: Judgement
    warnings: tuple[str, ...] = ()
    record: str | None = field(default=None, repr=False)
    facts: Facts | None = field(default=None, repr=False)
    names: tuple[str, str] = ("", "")
    repeats: int | None = None
    meant_for: str | None = field(default=None, repr=False)

    @property
    def is_dicom(self) -> bool:
        return isinstance(self.facts, DicomFacts)

    @property
    def dicom(self) -> DicomFacts:
        """What a part says that is DICOM; asked of no other."""
        if not isinstance(self.facts, DicomFacts):
            raise TypeError("this part is not DICOM")
        return self.facts

    @property
    def media_type(self) -> str:
        if isinstance(self.facts, DicomFacts | PdfFacts):
            return self.facts.media_type
        if self.entry is not None:
            return MEDIA_TYPE
        return "application/octet-stream"

    @property
    def pdf(self) -> PdfFacts | None:
        return self.facts if isinstance(self.facts, PdfFacts) else None

    @property
    def entry(self) -> Entry | None:
        """What the holder declares of herself; None of any other part."""
        return read_entry(self.facts.resource) if isinstance(self.facts, EntryFacts) else None


@dataclass(frozen=True, slots=True)
class Group:
    """The parts of one document. `record` None: quarantine."""

    record: str | None = field(repr=False)
    kind: Kind
    type_code: str
    parts: tuple[InspectedPart, ...]

    @property
    def study_uid(self) -> str | None:
        first = self.parts[0]
        return first.dicom.study if first.is_dicom else None

    def series(self) -> list[tuple[str, tuple[InspectedPart, ...]]]:
        """The DICOM series of the group, in order of first appearance."""
        found: dict[str, list[InspectedPart]] = {}
        for part in self.parts:
            if part.is_dicom:
                found.setdefault(part.dicom.series, []).append(part)
        return [(uid, tuple(parts)) for uid, parts in found.items()]


def groups_of(parts: Iterable[InspectedPart], type_code: Callable[[int], str | None]) -> list[Group]:
    """Group the parts that are to be kept. `type_code` answers what was declared of a part, by its number."""
    found: dict[tuple[str, ...], list[InspectedPart]] = {}
    for part in parts:
        if part.judgement.outcome in (PartOutcome.PUBLISHED, PartOutcome.QUARANTINED):
            found.setdefault(_key(part), []).append(part)
    return [_group(tuple(members), type_code(members[0].number)) for members in found.values()]


def _key(part: InspectedPart) -> tuple[str, ...]:
    if part.judgement.outcome is PartOutcome.QUARANTINED or not _is_image(part):
        return ("single", str(part.number))
    return ("study", part.record or "", part.dicom.study)


def _is_image(part: InspectedPart) -> bool:
    return part.is_dicom and not part.dicom.sop_class.startswith((_STRUCTURED_REPORT, _ENCAPSULATED))


def _group(parts: tuple[InspectedPart, ...], type_code: str | None) -> Group:
    first = parts[0]
    if first.judgement.outcome is PartOutcome.QUARANTINED:
        return Group(None, "document", "", parts)
    if _is_image(first):
        return Group(first.record, "study", STUDY_TYPE, parts)
    if first.is_dicom:
        code = STUDY_TYPE if first.dicom.sop_class == _KEY_OBJECTS else TYPE_REPORT
        return Group(first.record, "document", code, parts)
    if first.entry is not None:
        return Group(first.record, "document", first.entry.rule.type_code, parts)
    return Group(first.record, "document", type_code or TYPE_REPORT, parts)
