"""Answers to readers where the vault refuses or shows nothing; they never tell whether there is a record."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from keyvault.verbs.call import Denied
from records.errors import NotFound, Refused
from records.vocabulary.codes import Obligation, ReasonCode

T = TypeVar("T")


class ClosedTo(StrEnum):
    """Why no record at all is open, whichever is named."""

    SECTOR = "sector"
    PROFESSION = "profession"


_SENTENCES: Mapping[ClosedTo | None, str] = {
    None: "You have no access to this record, or there is no such record.",
    ClosedTo.SECTOR: "Records are for care alone (article L1111-18): your credential names no sector of "
    "activity of care. Ask whoever issued it, if you work in one.",
    ClosedTo.PROFESSION: "We take it that your profession reads no record, since its row of the official "
    "table is not known: ask the hosting team if it is wrong.",
}


class NotAuthorised(Refused):
    """One answer for no right and no such record: same body, same work.

    `closed_to`: where sector or profession open no record at all, whichever is named, it says so.
    """

    code = "not_authorised"

    def __init__(self, closed_to: ClosedTo | None = None) -> None:
        super().__init__(_SENTENCES[closed_to])
        self.closed_to = closed_to


class StepUpRequired(Refused):
    """Whoever breaks the glass has to prove anew who it is; said whatever record is named (RFC 9470)."""

    code = "step_up_required"

    def __init__(self) -> None:
        super().__init__(
            "You signed in too long ago to open a record in an emergency: sign in again, then ask once more."
        )


QUOTA_S = 3600
"""Retry-After of a quota: its hour slides."""


class QuotaExceeded(Refused):
    code = "quota_exceeded"

    def __init__(self) -> None:
        super().__init__(
            "This credential opened too many records, or was refused too often: wait an hour, or ask the "
            "hosting team."
        )


def no_such_document(refused: Denied | None = None) -> NotFound:
    """Alike for no right, hidden and absent, where no record is named; who may be refused by an assumed cell
    of the matrix is told that.
    """
    if refused is not None and _is_assumed(refused):
        return NotFound(
            "There is no such document, or you may not see it: some types are closed to your profession by "
            "our assumption alone. Ask the hosting team if you need it.",
            code="no_such_document",
        )
    return NotFound("There is no such document, or you may not see it.", code="no_such_document")


def permitted(answer: T | Denied) -> T:
    """What the vault answered; raises `NotAuthorised`, `QuotaExceeded` or `StepUpRequired` if it refused."""
    if not isinstance(answer, Denied):
        return answer
    if answer.reason is ReasonCode.QUOTA_EXCEEDED:
        raise QuotaExceeded
    if answer.reason is ReasonCode.STEP_UP_REQUIRED:
        raise StepUpRequired
    raise NotAuthorised(_closed_to(answer))


def _closed_to(refused: Denied) -> ClosedTo | None:
    if refused.reason is ReasonCode.FORBIDDEN_SECTOR:
        return ClosedTo.SECTOR
    return ClosedTo.PROFESSION if _is_assumed(refused) else None


def _is_assumed(refused: Denied) -> bool:
    """Whether who was refused is told that the rule may be an assumption."""
    return Obligation.TELL_ASSUMED_RIGHT in refused.obligations
