"""Find the record of a good part: that of the address, or the one whose INS the content names.

docs/architecture.md ("Whose record", "Which person") has the rules in words; what persons claim is read in
`ingestion/worker/patient.py`, and the vault compares.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ingestion.grouping import InspectedPart
from ingestion.outcomes import JUDGEMENTS
from ingestion.worker.opening import OpenedSubmission
from ingestion.worker.patient import (
    claimed_ins,
    claimed_traits,
    contradicts,
    other_person,
    persons_in,
    with_person_warnings,
)
from records.people.traits import ClaimedTraits, IdentityCheck, Trait, sets_aside
from records.vocabulary.codes import Environment

Differing = Callable[[str, tuple[ClaimedTraits, ...]], frozenset[Trait]]
"""Which of these traits contradict those of a record, named by its INS or public id."""


@dataclass(frozen=True, slots=True)
class Placing:
    """The rules of an installation; `check` says what traits that differ do."""

    environment: Environment
    check: IdentityCheck

    def placed(self, part: InspectedPart, opened: OpenedSubmission, differing: Differing) -> InspectedPart:
        """An accepted part with its record, or with the judgement that keeps it from every record."""
        study = part.dicom.study if part.is_dicom else None
        if opened.headers.study not in (None, study):
            return replace(part, judgement=JUDGEMENTS["other_study"])
        stated = opened.headers.entry  # what is discharged from quarantine came to no address
        if part.entry is not None and stated is not None and part.entry.rule.resource != stated.resource:
            return replace(part, judgement=JUDGEMENTS["other_resource"])
        persons = persons_in(part.facts, opened.headers.declared(part.number))
        claims = claimed_ins(persons, self.environment)
        record = opened.expected_ins
        if record is None:
            # where several are named, none of them is anybody's choice to make here
            if not claims or "invalid" in claims or len(set(claims)) > 1:
                return replace(part, judgement=JUDGEMENTS["no_ins"])
            record = claims[0]
        # the address says whose it is, and the content may only say that it is not
        elif contradicts(claims, record):
            return replace(part, judgement=JUDGEMENTS["other_patient"])
        return self._identified(part, record, differing(record, claimed_traits(persons)))

    def _identified(self, part: InspectedPart, record: str, found: frozenset[Trait]) -> InspectedPart:
        """The part in the record, or set aside from it, once its person's traits are compared."""
        part = replace(part, warnings=(*part.warnings, *sorted(found)))
        if sets_aside(found, self.check):
            return replace(part, judgement=other_person(found), meant_for=record)
        judgement = with_person_warnings(part.judgement, part.warnings)
        return replace(part, judgement=judgement, record=record)
