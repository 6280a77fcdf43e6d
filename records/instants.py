"""The next instant at which the clock alone can change a decision: until then nobody need decide again.

Whoever adds a rule that reads the clock names its instants here; a property over every request and all facts
holds the two together.
"""

from collections.abc import Iterable, Iterator

from records.access import AccessRequest, RecordFacts
from records.choices.authorisations import instants
from records.documents.facts import DocumentFacts
from records.vocabulary.matrix import Matrices
from records.vocabulary.matrix_tables import MATRICES


def changes_at(
    request: AccessRequest,
    record: RecordFacts,
    documents: Iterable[DocumentFacts],
    matrices: Matrices = MATRICES,
) -> int | None:
    """The earliest instant (unix seconds) after `request.now` at which `policy.decide` can answer otherwise
    about the record or one of the documents, all facts staying as they are; None: never.

    What ends an emergency is not in the facts: `emergency.changes_at` tells.
    """
    every = [
        *_of_grounds(request, record),
        *(each.visible_to_patient_from for each in documents),
        *matrices.instants(),
    ]
    return min((each for each in every if each is not None and each > request.now), default=None)


def _of_grounds(request: AccessRequest, record: RecordFacts) -> Iterator[int | None]:
    """The beginning and the end of the actor's grounds (R18, R30)."""
    return instants(record.authorisation_of(request.actor))
