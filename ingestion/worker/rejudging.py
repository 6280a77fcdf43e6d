"""Change a part's judgement by later steps: an earlier try, a twin that was refused, the vault's answer.

A depositor is told one verdict of each part, however many tries it took. What was done by a verdict stays
done, so that this verdict stands.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from ingestion.grouping import InspectedPart
from ingestion.outcomes import JUDGEMENTS, Judgement, PartOutcome
from ingestion.worker.patient import with_person_warnings
from records.errors import CoffreError
from records.vocabulary.identifier_warnings import IDENTIFIER_WARNINGS, STUDY_UID_SHARED
from records.vocabulary.person_warnings import OTHER_PERSON, PERSON_WARNINGS

PUBLISHED = JUDGEMENTS["published"]
_TAKEN = frozenset({PartOutcome.PUBLISHED, PartOutcome.DUPLICATE})


def rejudged(
    parts: Sequence[InspectedPart], numbers: Collection[int], judgement: Judgement
) -> list[InspectedPart]:
    """The parts, those of these numbers judged so."""
    return [replace(part, judgement=judgement) if part.number in numbers else part for part in parts]


def overruled(part: InspectedPart) -> InspectedPart:
    """A part that was set aside for its person's traits, in the record after all, with warnings."""
    judgement = with_person_warnings(PUBLISHED, part.warnings)
    return replace(part, judgement=judgement, record=part.meant_for)


def as_planned(parts: Sequence[InspectedPart], planned: Mapping[int, Judgement]) -> list[InspectedPart]:
    """The parts as an earlier try judged them, which the vault may have adopted them by.

    Raises `CoffreError` "verdict_changed" where one was accepted and isn't any more.
    """
    return [_as_planned(part, planned[part.number]) for part in parts]


def _as_planned(part: InspectedPart, planned: Judgement) -> InspectedPart:
    # words may differ between versions of the validators; what was done with the part is its outcome
    if part.judgement.outcome is planned.outcome:
        return part
    if planned.outcome is PartOutcome.PUBLISHED and part.judgement.code == OTHER_PERSON:
        return overruled(part)  # COFFRE_IDENTITY_CHECK or the record's traits are other ones by now
    if planned.outcome is PartOutcome.PUBLISHED:
        raise CoffreError("A part that was accepted isn't any more; try again.", code="verdict_changed")
    return replace(part, judgement=planned)


def like_their_first(parts: Sequence[InspectedPart]) -> list[InspectedPart]:
    """A part that repeats one which was refused after all is refused with it, not a duplicate of nothing."""
    refused = {p.number: p.judgement for p in parts if p.judgement.outcome is PartOutcome.REJECTED}
    return [replace(p, judgement=refused[p.repeats]) if p.repeats in refused else p for p in parts]


def kept_together(parts: Sequence[InspectedPart]) -> list[InspectedPart]:
    """The parts of a bundle, which is taken whole or not at all (FHIR R4 section 3.1.0.11.2): where one is
    refused or set aside, those that were good are refused, too.
    """
    if {each.judgement.outcome for each in parts} <= _TAKEN:
        return [*parts]
    judgement = JUDGEMENTS["bundle_refused"]
    return [
        replace(each, judgement=judgement, record=None) if each.judgement.outcome in _TAKEN else each
        for each in parts
    ]


def told_of_shared(parts: Sequence[InspectedPart], shared: Collection[int]) -> list[InspectedPart]:
    """The parts; those of numbers in `shared` with the words on their Study Instance UID."""
    return [
        replace(part, judgement=_with_shared_study(part.judgement)) if part.number in shared else part
        for part in parts
    ]


def _with_shared_study(judgement: Judgement) -> Judgement:
    """After the words on the person, which say whose the content may be, before those on the file's form."""
    sentences = " ".join(IDENTIFIER_WARNINGS[STUDY_UID_SHARED])
    if judgement.code in PERSON_WARNINGS:
        return Judgement(judgement.outcome, judgement.code, f"{judgement.reason} {sentences}")
    form = "" if judgement.code == PUBLISHED.code else f" {judgement.reason}"
    return Judgement(judgement.outcome, STUDY_UID_SHARED, f"{sentences}{form}")
