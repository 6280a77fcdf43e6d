"""Answers to readers where the vault refuses or shows nothing; they never tell whether there is a record."""

from typing import TypeVar

from keyvault.verbs.attempt import Denied
from records.errors import NotFound, Refused
from records.vocabulary.codes import ReasonCode

T = TypeVar("T")


class NotAuthorised(Refused):
    """One answer for no right and no such record: same body, same work."""

    code = "not_authorised"

    def __init__(self) -> None:
        super().__init__("You have no access to this record, or there is no such record.")


QUOTA_S = 3600
"""Retry-After of a quota: its hour slides."""


class QuotaExceeded(Refused):
    code = "quota_exceeded"

    def __init__(self) -> None:
        super().__init__(
            "This credential opened too many records, or was refused too often: wait an hour, or ask the "
            "hosting team."
        )


def no_such_document() -> NotFound:
    """Alike for no right, hidden and absent, where no record is named."""
    return NotFound("There is no such document, or you may not see it.", code="no_such_document")


def permitted(answer: T | Denied) -> T:
    """What the vault answered; raises `NotAuthorised` or `QuotaExceeded` where it refused."""
    if not isinstance(answer, Denied):
        return answer
    if answer.reason is ReasonCode.QUOTA_EXCEEDED:
        raise QuotaExceeded
    raise NotAuthorised
