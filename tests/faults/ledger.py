"""What clients did and what they were told: the list that `checker` holds a restarted server to."""

import hashlib
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

AT_FIRST = {"authorise": False, "label": [], "set_emergency": {"bris_de_glace": True, "centre_15": True}}
ACKNOWLEDGED = frozenset({200, 201, 202})


@dataclass(frozen=True)
class SentPart:
    """One file of a deposit; a bad one is never published."""

    digest: bytes
    good: bool

    @classmethod
    def of(cls, content: bytes, *, good: bool = True) -> "SentPart":
        return cls(hashlib.sha256(content).digest(), good)


@dataclass
class SentDeposit:
    """A deposit and its answer; `status` None where the connection ended without one."""

    ins: str
    token: str
    parts: tuple[SentPart, ...]
    status: int | None = None
    place: str | None = None
    judged: bool = False  # the answer told the verdict: it was final already
    looked_up: bool = False  # its verdict was found again after a kill
    verified: bool = False  # so was the outcome of each part

    @property
    def acknowledged(self) -> bool:
        return self.status in ACKNOWLEDGED

    @property
    def published(self) -> bool:
        return self.acknowledged and self.judged

    def good(self) -> set[bytes]:
        return {part.digest for part in self.parts if part.good}


@dataclass
class Choice:
    """One thing the holder decides, with every value it may have by now: one, until a call is unanswered."""

    possible: list[Any]


@dataclass
class Counted:
    """How often an operation was acknowledged, and how often it was asked for."""

    acknowledged: int = 0
    asked: int = 0


@dataclass
class Ledger:
    """Written by many client threads, read by the checker while none runs."""

    holders: dict[str, str] = field(default_factory=dict)  # ins: token
    deposits: list[SentDeposit] = field(default_factory=list)
    choices: dict[tuple[str, ...], Choice] = field(default_factory=dict)
    grants: list[tuple[str, bytes]] = field(default_factory=list)  # ins, leaf of its event
    counts: dict[tuple[str, str], Counted] = field(default_factory=dict)
    opened: dict[tuple[str, int | None], tuple[bytes, ...]] = field(default_factory=dict)  # by the checker
    faults: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sends(self, deposit: SentDeposit) -> SentDeposit:
        with self._lock:
            self.deposits.append(deposit)
        return deposit

    def asks(self, key: tuple[str, ...], value: Any) -> None:
        """A choice is about to be sent: until it is answered, both values are possible."""
        with self._lock:
            self.choices.setdefault(key, Choice([AT_FIRST[key[1]]])).possible.append(value)
            self._count(key[0], key[1]).asked += 1

    def told(self, key: tuple[str, ...], value: Any) -> None:
        """The choice is acknowledged."""
        with self._lock:
            self.choices[key].possible = [value]
            self._count(key[0], key[1]).acknowledged += 1

    def granted(self, ins: str, leaf: bytes) -> None:
        with self._lock:
            self.grants.append((ins, leaf))

    def blames(self, fault: str) -> None:
        with self._lock:
            self.faults.append(fault)

    def acknowledged(self) -> int:
        return sum(deposit.acknowledged for deposit in list(self.deposits))

    def newly_told(self) -> list[SentDeposit]:
        """Whose verdict was told since this was last asked."""
        found = [each for each in list(self.deposits) if each.published and not each.looked_up]
        for deposit in found:
            deposit.looked_up = True
        return found

    def of(self, ins: str) -> list[SentDeposit]:
        return [deposit for deposit in self.deposits if deposit.ins == ins]

    def _count(self, ins: str, action: str) -> Counted:
        return self.counts.setdefault((ins, action), Counted())


def digests(deposits: Iterable[SentDeposit]) -> set[bytes]:
    """The good files of some deposits."""
    return set().union(*(deposit.good() for deposit in deposits))
