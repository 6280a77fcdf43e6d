"""The duty to tell that a decision rests on an assumed cell of the matrix, and the version that it took.

What a refusal says follows from the profession and the time alone, never from what is in the record: who is
told that a type is closed by assumption does not learn whether the record has a document of it.
"""

from records.access import AccessRequest
from records.rules.record import Case
from records.rules.request import WRITES
from records.vocabulary.codes import Obligation, ReasonCode, Role
from records.vocabulary.matrix import Cell, Matrices, Matrix
from records.vocabulary.matrix_tables import MATRICES

_TELL = frozenset({Obligation.TELL_ASSUMED_RIGHT})
_NOTHING = frozenset[Obligation]()


def of_cell(cell: Cell | None) -> frozenset[Obligation]:
    """Whoever an assumed cell lets in or refuses is told."""
    return _TELL if cell is not None and cell.is_assumed else _NOTHING


def of_refused_record(objection: ReasonCode, case: Case) -> frozenset[Obligation]:
    """A profession that reads nothing of any record, by assumption, is told."""
    if objection is not ReasonCode.PROFESSION_NOT_ENTITLED or case.matrix is None:
        return _NOTHING
    profession = case.request.actor.profession
    assumed = case.matrix.reads_nothing(profession) and case.matrix.closed_by_assumption(profession)
    return _TELL if assumed else _NOTHING


def matrix_of(request: AccessRequest, matrices: Matrices = MATRICES) -> Matrix | None:
    """The version that decides this request; None where no matrix has a say, or none is in force."""
    consults = request.actor.role is Role.PROFESSIONAL and request.action not in WRITES
    return matrices.in_force(request.now) if consults else None


def closed_by_assumption(request: AccessRequest, matrices: Matrices = MATRICES) -> tuple[str, ...]:
    """The types of document that are closed to this actor for a reason that is assumed, whatever the record
    holds."""
    matrix = matrix_of(request, matrices)
    return matrix.closed_by_assumption(request.actor.profession) if matrix is not None else ()
