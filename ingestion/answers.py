"""Answers about parts, for a depositor that waits; the worker seals them to the waiting request.

Intake holds no key and reads no content, so it can't know the SOP Instance UIDs that a STOW-RS answer names
(PS3.18 section 10.5.3). It sends an ephemeral public key along with the submission; only the request that
waits can open the answer, and at rest it says nothing.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from ingestion.grouping import InspectedPart
from keyvault.crypto.boxes import new_box_key, open_box, seal_box


@dataclass(frozen=True, slots=True)
class NamedInstance:
    """The DICOM identity of a part; empty strings where the part has none."""

    study: str
    series: str
    sop_class: str
    sop: str


class AnswerKey:
    """The waiting request's key pair, in memory only."""

    def __init__(self) -> None:
        self._private, self._public = new_box_key()

    @property
    def public(self) -> bytes:
        """32 bytes, for the submission's headers."""
        return self._public

    def open(self, sealed: bytes | None) -> dict[int, NamedInstance]:
        """The parts by number; empty where the worker left no answer."""
        if sealed is None:
            return {}
        found = json.loads(open_box(self._private, sealed))
        return {number: NamedInstance(*names) for number, *names in found}


def seal_answer(answer_key: bytes | None, parts: Iterable[InspectedPart]) -> bytes | None:
    """The worker's side; None where nobody waits for names."""
    if answer_key is None:
        return None
    names = [[part.number, *_names(part)] for part in parts]
    return seal_box(answer_key, json.dumps(names).encode())


def _names(part: InspectedPart) -> tuple[str, str, str, str]:
    if not part.is_dicom:
        return ("", "", *part.names)
    return (part.dicom.study, part.dicom.series, part.dicom.sop_class, part.dicom.sop)
