"""Recognise duplicates: bytes or identifiers that one structure deposited before in a record.

A document's own identifier is claimed before its bytes, and who holds a claim on bytes waits for no other
claim: two submissions can't wait for one another.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from audit.canonical import canonical
from ingestion.envelope import Declared
from ingestion.grouping import InspectedPart
from ingestion.outcomes import JUDGEMENTS
from ingestion.worker.opening import OpenedSubmission
from ingestion.worker.patient import with_person_warnings
from ingestion.worker.queue.putting_off import Busy
from keyvault.process.guard import WorkerDoor
from storage.ports.index import WorkerIndex
from storage.rows.submissions import PartClaims


@dataclass(frozen=True, slots=True)
class Claiming:
    """The claims of one submission, and what they make of its parts."""

    index: WorkerIndex
    vault: WorkerDoor
    submission_id: UUID

    def claim(
        self, parts: Sequence[InspectedPart], opened: OpenedSubmission
    ) -> tuple[list[InspectedPart], dict[int, UUID]]:
        """The parts as judged by what is there already, and the documents that duplicates repeat."""
        # the identifier first: who holds bytes then waits for nothing, and no two wait for one another
        holders = self._claimed(self._identifiers(parts, opened)).duplicates
        labelled = self._claimed(self._labelled(parts, opened)).duplicates
        judged, tokens = self._tokens(parts, opened)
        claims = self._claimed(tokens)
        judged = [_repeating(part, claims) for part in judged]
        # one uniqueId names one content for ever (IHE ITI TF-3 section 4.2.3.2): other bytes need another one
        taken = {number for number, document in holders.items() if claims.duplicates.get(number) != document}
        judged = [_judge(part, "identifier_taken") if part.number in taken else part for part in judged]
        if opened.headers.labels:  # a label is never dropped: nor by taking its document for an earlier one
            taken |= (other := claims.duplicates.keys() - labelled.keys() - taken)
            judged = [_judge(part, "labels_differ") if part.number in other else part for part in judged]
        return judged, {n: document for n, document in claims.duplicates.items() if n not in taken}

    def _claimed(self, tokens: Mapping[int, bytes]) -> PartClaims:
        claims = self.index.claim_parts(self.submission_id, tokens) if tokens else PartClaims()
        # who holds them has no verdict yet: if it is refused they are free, if not this is its duplicate
        if claims.busy:
            raise Busy
        return claims

    def _identifiers(self, parts: Sequence[InspectedPart], opened: OpenedSubmission) -> dict[int, bytes]:
        """The token of the identifier that the sender gave a document (XDS uniqueId), where it gave one."""
        digests = {each.number: _digest_of_identifier(opened.headers.declared(each.number)) for each in parts}
        found = {
            part.number: self.vault.identifier_token(part.record, opened.structure, digest)
            for part in parts
            if part.record and (digest := digests[part.number]) is not None
        }
        return {number: token for number, token in found.items() if token is not None}

    def _labelled(self, parts: Sequence[InspectedPart], opened: OpenedSubmission) -> dict[int, bytes]:
        """Tokens of the parts with their labels, which tell whether an earlier deposit had the same ones."""
        stated = canonical(sorted(opened.headers.labels))
        if not opened.headers.labels:
            return {}
        digests = (hashlib.sha256(part.sha256 + stated).digest() for part in parts)
        named = [replace(part, sha256=digest) for part, digest in zip(parts, digests, strict=True)]
        return self._tokens(named, opened)[1]

    def _tokens(
        self, parts: Sequence[InspectedPart], opened: OpenedSubmission
    ) -> tuple[list[InspectedPart], dict[int, bytes]]:
        tokens: dict[int, bytes] = {}
        judged = list(parts)
        # a token is of one record: equal bytes in two records have two, so that the index shows no relation
        for record in {part.record for part in parts if part.record}:
            mine = [part for part in parts if part.record == record]
            found = self.vault.part_tokens(record, opened.structure, [_digest(part, opened) for part in mine])
            if found is None:
                judged = [_judge(part, "no_record") if part.record == record else part for part in judged]
                continue
            tokens |= {part.number: token for part, token in zip(mine, found, strict=True)}
        return judged, tokens


def _digest(part: InspectedPart, opened: OpenedSubmission) -> bytes:
    """By what a part is recognised: its bytes; of an entry also its request, or the version it replaces:
    what was changed and then changed back is a new version.
    """
    entry = opened.headers.entry
    if entry is None:
        return part.sha256
    stated = canonical(entry.replaced.to_json() if entry.replaced else {"request": entry.request})
    return hashlib.sha256(part.sha256 + stated).digest()


def _digest_of_identifier(declared: Declared) -> bytes | None:
    identifier = declared.identifier()
    return None if identifier is None else hashlib.sha256(canonical(identifier)).digest()


def _repeating(part: InspectedPart, claims: PartClaims) -> InspectedPart:
    """Nothing is kept twice; whoever sends what may be another person's file again is told so again."""
    if part.number not in {*claims.duplicates, *claims.repeated}:
        return part
    judgement = with_person_warnings(JUDGEMENTS["duplicate"], part.warnings)
    return replace(part, judgement=judgement, repeats=claims.repeated.get(part.number))


def _judge(part: InspectedPart, code: str) -> InspectedPart:
    return replace(part, judgement=JUDGEMENTS[code])
