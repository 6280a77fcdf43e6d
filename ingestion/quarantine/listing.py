"""List quarantine for operators: codes, times, sizes, depositor; never content or identity.

Codes and sizes come from the index. The depositor and the last job come from the vault, which logs each look.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from keyvault.process.guard import OperatorDoor
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.operator.quarantine import JobSeen, SetAside
from records.errors import Invalid, NotFound, Refused
from storage.ports.index import OperatorIndex
from storage.rows.submissions import PartVerdict, QuarantinedPart

T = TypeVar("T")
PAGE, LARGEST_PAGE = 50, 500
Key = tuple[UUID, int]
_KEY = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Item:
    """One quarantined part with its depositor, and what became of the last try to discharge it."""

    part: QuarantinedPart
    structure: str = field(repr=False)
    job: JobSeen | None
    refusal: PartVerdict | None = None

    def to_json(self) -> dict[str, Any]:
        part = self.part
        shown: dict[str, Any] = {
            "id": str(part.document_id),
            "submission": str(part.submission_id),
            "part": part.number,
            "code": part.code,
            "reason": part.reason,
            "received": _instant(part.received_at),
            "size": part.length,
            "structure": self.structure,
        }
        if self.job is not None:
            at = _instant(self.job.created_at)
            shown["job"] = {"kind": self.job.kind, "state": self.job.state, "asked": at}
        if self.refusal is not None:
            shown["refusal"] = {"code": self.refusal.code, "reason": self.refusal.reason}
        return shown


@dataclass(frozen=True, slots=True)
class Page:
    """Some items, oldest submission first; `after` asks for the page that follows."""

    items: tuple[Item, ...]
    after: Key | None


class Quarantine:
    """The use cases of operators, without their transport."""

    def __init__(self, index: OperatorIndex, vault: OperatorDoor) -> None:
        self._index = index
        self._vault = vault

    def page(self, call: Call, after: Key | None = None, limit: int = PAGE) -> Page:
        """Raises `Refused` where the vault refuses this credential."""
        limit = max(1, min(limit, LARGEST_PAGE))
        parts = self._index.quarantined(after=after, limit=limit)
        aside = self._aside(call, [part.document_id for part in parts])
        items = tuple(
            self._item(part, aside[part.document_id]) for part in parts if part.document_id in aside
        )
        last = (parts[-1].submission_id, parts[-1].number) if len(parts) == limit else None
        return Page(items, last)

    def item(self, call: Call, document_id: UUID) -> Item:
        """Raises `NotFound` "not_quarantined"."""
        part = self._index.quarantined_document(document_id)
        aside = self._aside(call, [document_id])
        if part is None or document_id not in aside:
            raise NotFound("There is no such document under quarantine.", code="not_quarantined")
        return self._item(part, aside[document_id])

    def discharge(self, call: Call, document_id: UUID, record: str, reason: str) -> JobSeen:
        """Propose the discharge into a record, or agree to it as another operator."""
        return permitted(self._vault.release_quarantined(call, document_id, record, reason))

    def destroy(self, call: Call, document_id: UUID, reason: str) -> JobSeen:
        """Propose a destruction, or agree to it as another operator."""
        return permitted(self._vault.destroy_quarantined(call, document_id, reason))

    def verdict(self, part: QuarantinedPart) -> PartVerdict:
        """What the depositor reads of this part now."""
        return next(each for each in self._index.parts(part.submission_id) if each.number == part.number)

    def _aside(self, call: Call, documents: list[UUID]) -> dict[UUID, SetAside]:
        found = permitted(self._vault.quarantined(call, documents))
        return {each.document_id: each for each in found}

    def _item(self, part: QuarantinedPart, aside: SetAside) -> Item:
        verdicts = self._index.parts(refused) if (refused := _refused(aside.job)) is not None else []
        return Item(part, aside.structure, aside.job, verdicts[0] if verdicts else None)


def _refused(job: JobSeen | None) -> UUID | None:
    """The discharge that was refused: this one, or the one before that operators are about to repeat."""
    if job is None:
        return None
    return job.job_id if job.state == "refused" else job.after


def permitted(answer: T | Denied) -> T:
    """Raises `Refused` with the reason code: an operator may know it, since it is no holder's secret."""
    if isinstance(answer, Denied):
        raise Refused("The vault refuses this to the operator.", code=answer.reason.value)
    return answer


def write_key(key: Key | None) -> str | None:
    """A place in the list as text for an address."""
    return None if key is None else f"{key[0]}.{key[1]}"


def read_key(text: str | None) -> Key | None:
    """Raises `Invalid` "bad_query"."""
    if text is None:
        return None
    found = _KEY.fullmatch(text)
    if found is None:
        raise Invalid("Ask for the next page with the `next` of the page before.", code="bad_query")
    return UUID(found[1]), int(found[2])


def _instant(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
