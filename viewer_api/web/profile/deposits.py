"""The port by which pages deposit what the holder declares: intake's, whose process takes these forms."""

from dataclasses import dataclass, field
from typing import Protocol

from records.profile.replacing import Replaced
from records.vocabulary.codes import Label
from viewer_api.web.sessions import Session

KEPT = frozenset({"published", "duplicate"})
LATER = "later"
"""Received, and judged soon."""


@dataclass(frozen=True, slots=True)
class EntryDeposit:
    """One version of an entry. `request` names the form that was sent: sent twice, it is one."""

    resource_type: str
    content: bytes = field(repr=False)
    request: str
    replaced: Replaced | None = None
    labels: frozenset[Label] = frozenset()


@dataclass(frozen=True, slots=True)
class FileDeposit:
    """A document of the holder's own, a PDF."""

    type_code: str
    title: str = field(repr=False)
    content: bytes = field(repr=False)
    labels: frozenset[Label] = frozenset()


class OwnDeposits(Protocol):
    """Deposits with the holder's own credential, into the own record."""

    async def deposit(self, session: Session, what: EntryDeposit | FileDeposit) -> str:
        """The code of the verdict: one of `KEPT`, `LATER`, or why it was refused."""
