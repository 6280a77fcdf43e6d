"""A restored vault is frozen: it would decide by the choices of its backup's day (docs/vault.md section 5).

The row `frozen` of `meta` says so. While it is there every door that decides or adopts answers
`vault_frozen`; the log stays as it was restored, so that what is missing of it can be brought back.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from keyvault.store import VaultRows, VaultStore, VaultTransaction
from records.errors import CoffreError

FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Frozen:
    """Since when (ms), with how many entries, and the largest checkpoint known outside: its size and note."""

    since: int
    size: int
    known_size: int | None = None
    known_note: str | None = None

    def to_text(self) -> str:
        known = None if self.known_size is None else {"size": self.known_size, "note": self.known_note}
        return json.dumps({"since": self.since, "size": self.size, "known": known})

    @classmethod
    def from_text(cls, text: str) -> "Frozen":
        found = json.loads(text)
        known = found["known"] or {"size": None, "note": None}
        return cls(found["since"], found["size"], known["size"], known["note"])


def read_frozen(tx: VaultRows) -> Frozen | None:
    row = tx.get("meta", name=FROZEN)
    return None if row is None else Frozen.from_text(row["value"])


def freeze(store: VaultStore, since_ms: int, known: tuple[int, str] | None) -> Frozen:
    """Freeze a vault that was just restored; no key is needed.

    Its grants end: what they rest on may be told anew here, under numbers that were given there, too.
    """
    with store.writing() as tx:
        tx.delete("grant", expires__ge=0)
        frozen = Frozen(since_ms, log_size(tx), *(known or (None, None)))
        tx.delete("meta", name=FROZEN)
        tx.insert("meta", {"name": FROZEN, "value": frozen.to_text()})
    return frozen


def log_size(tx: VaultTransaction) -> int:
    """The number of entries that have their position."""
    last = tx.find("leaf", order="-position", limit=1)
    return int(last[0]["position"]) + 1 if last else 0


def refusing_while_frozen(store: VaultStore) -> VaultStore:
    """The store as verbs that decide or adopt may use it; the store itself where nothing is frozen."""
    with store.reading() as tx:
        frozen = read_frozen(tx) is not None
    return _RefusingStore(store) if frozen else store


def laid_open(store: VaultStore) -> VaultStore:
    """The store itself, for what is told of a frozen vault, too."""
    return store.whole if isinstance(store, _RefusingStore) else store


class _RefusingStore:
    """Asks in each transaction, until another process has ended the freeze; a vault in use never freezes."""

    def __init__(self, store: VaultStore) -> None:
        self.whole = store
        self._frozen = True

    def writing(self) -> AbstractContextManager[VaultTransaction]:
        return self._checked(self.whole.writing) if self._frozen else self.whole.writing()

    def reading(self) -> AbstractContextManager[VaultTransaction]:
        return self._checked(self.whole.reading) if self._frozen else self.whole.reading()

    @contextmanager
    def _checked(
        self, begin: Callable[[], AbstractContextManager[VaultTransaction]]
    ) -> Iterator[VaultTransaction]:
        with begin() as tx:
            if read_frozen(tx) is not None:
                raise CoffreError(
                    "The vault was restored and is frozen: run coffre vault replay with a newer backup, or "
                    "coffre vault accept-gap.",
                    code="vault_frozen",
                )
            self._frozen = False
            yield tx
