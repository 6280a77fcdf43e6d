"""The duty to tell that a decision rests on an assumed cell of the matrix, and the version that it took.

What a refusal says follows from the profession and the time alone, never from what is in the record: who is
told that a type is closed by assumption does not learn whether the record has a document of it.
"""

from collections.abc import Collection

from records.access import AccessRequest
from records.rules.record import Case
from records.rules.request import WRITES
from records.vocabulary.codes import Obligation, ReasonCode, Role
from records.vocabulary.matrix import Cell, Mark, Matrices, Matrix
from records.vocabulary.matrix_tables import MATRICES

RULES, BASIS = "rules", "basis"
"""Details of a line of the log: the version of the matrix, and how well the cell that decided is known."""

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


def told_in_log(
    request: AccessRequest, obligations: Collection[Obligation] = (), matrices: Matrices = MATRICES
) -> dict[str, str]:
    """The details of a line about this decision: the version that it took (R54), and that it rests on an
    assumed cell, where it does.
    """
    matrix = matrix_of(request, matrices)
    version = {} if matrix is None else {RULES: matrix.name}
    return version | ({BASIS: Mark.ASSUMED.value} if Obligation.TELL_ASSUMED_RIGHT in obligations else {})


def of_refusal(
    request: AccessRequest, reason: ReasonCode, matrices: Matrices = MATRICES
) -> frozenset[Obligation]:
    """What whoever is refused is told: that the profession reads nothing by assumption; where a document is
    not shown or not there, that it may be of a type that is closed by assumption.
    """
    matrix, profession = matrix_of(request, matrices), request.actor.profession
    if matrix is None or not matrix.closed_by_assumption(profession):
        return _NOTHING
    unseen = reason is ReasonCode.NO_SUCH_DOCUMENT
    return _TELL if unseen or matrix.reads_nothing(profession) else _NOTHING


def closed_by_assumption(request: AccessRequest, matrices: Matrices = MATRICES) -> tuple[str, ...]:
    """The types of document that are closed to this actor for a reason that is assumed, whatever the record
    holds."""
    matrix = matrix_of(request, matrices)
    return matrix.closed_by_assumption(request.actor.profession) if matrix is not None else ()
