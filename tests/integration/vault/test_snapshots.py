"""Lists, documents and grants are opened in a snapshot; a change before their event counts all the same."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keyvault.crypto import envelope
from keyvault.quotas import DEFAULT_QUOTAS, Quota, Quotas
from keyvault.store import VaultTransaction
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.document.by_document import DocumentVerbs
from keyvault.verbs.reader.grants.reading import Disclosed
from keyvault.verbs.reader.grants.releasing import Released
from keyvault.verbs.reader.lists.snapshot import MOST_SNAPSHOTS
from keyvault.verbs.rows import SeenDocument
from records.errors import CoffreError, NotFound
from records.vocabulary.codes import Action, ReasonCode, Role
from tests.integration.vault.bench import DOCTOR, Deposited, Person, VaultBench

Ask = Callable[[VaultBench, Call, Person, Deposited], object]


def release(vault: VaultBench, call: Call, person: Person, each: Deposited) -> object:
    try:
        answer, _ = vault.release(call, person, [each], documents=[[each.document_id]])
    except NotFound:
        return None
    return answer


def listed(vault: VaultBench, call: Call, person: Person, each: Deposited) -> object:
    answer = vault.reader.documents(call, person.record_id, [each.row])
    return answer.documents[0] if isinstance(answer, Disclosed) and answer.documents else None


def document(vault: VaultBench, call: Call, person: Person, each: Deposited) -> object:
    return vault.reader.document(call, each.document_id, [each.row])


ASKS: dict[str, Ask] = {"list": listed, "document": document, "release": release}
every_verb = pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)


def is_shown(answer: object) -> bool:
    return isinstance(answer, (SeenDocument, Released))


@pytest.fixture
def deposited(vault: VaultBench, person: Person) -> Deposited:
    vault.authorise(person)
    return vault.deposit(person)


@every_verb
def test_nothing_is_opened_while_the_vault_is_locked(
    vault: VaultBench, person: Person, deposited: Deposited, ask: Ask
) -> None:
    writing, opened = False, {True: 0, False: 0}
    inner = vault.store.inner.writing

    @contextmanager
    def locked() -> Iterator[VaultTransaction]:
        nonlocal writing
        with inner() as tx:
            writing = True
            yield tx
        writing = False

    class Cipher:
        def __init__(self, key: bytes) -> None:
            self._cipher = AESGCM(key)
            self.encrypt = self._cipher.encrypt

        def decrypt(self, *sealed: Any) -> bytes:
            opened[writing] += 1
            return self._cipher.decrypt(*sealed)

    with patch.object(vault.store.inner, "writing", locked), patch.object(envelope, "AESGCM", Cipher):
        assert is_shown(ask(vault, vault.doctor(), person, deposited))
    assert opened[False] > 0
    assert opened[True] == 0


@contextmanager
def between(vault: VaultBench, change: Callable[[int], object]) -> Iterator[list[int]]:
    """Carry out `change` after each snapshot, before the transaction that compares the epoch."""
    times: list[int] = []
    reading = vault.store.inner.reading
    busy = False

    @contextmanager
    def then_changed() -> Iterator[VaultTransaction]:
        nonlocal busy
        with reading() as tx:
            counting = _Counting(tx)
            yield counting
        if counting.has_opened and not busy:
            busy = True
            times.append(len(times))
            change(times[-1])
            busy = False

    with patch.object(vault.store.inner, "reading", then_changed):
        yield times


class _Counting:
    """Tells the snapshot of a record from other short looks."""

    def __init__(self, tx: VaultTransaction) -> None:
        self._tx = tx
        self.has_opened = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    def get(self, table: str, **key: Any) -> Any:
        self.has_opened |= table == "record_key"
        return self._tx.get(table, **key)


@every_verb
@pytest.mark.parametrize("change", ["block", "mask"])
def test_what_is_hidden_after_the_snapshot_is_not_shown(
    vault: VaultBench, person: Person, deposited: Deposited, ask: Ask, change: str
) -> None:
    def changed(time: int) -> None:
        if time == 0 and change == "block":
            vault.change(person, Action.BLOCK, DOCTOR)
        elif time == 0:
            vault.label(person, deposited.document_id, "MASQUE_PS")

    with between(vault, changed) as times, vault.logging() as lines:
        assert not is_shown(ask(vault, vault.doctor(), person, deposited))
    assert times
    permitted = [line for line in lines if line.told[:2] in {("retrieve", "permit"), ("search", "permit")}]
    assert len(permitted) == (ask is listed and change == "mask"), "a list of what is left"


@every_verb
def test_a_record_that_never_rests_is_answered_in_the_transaction(
    vault: VaultBench, person: Person, deposited: Deposited, ask: Ask
) -> None:
    others = iter(range(899700010000, 899700020000))
    with between(vault, lambda _: vault.change(person, Action.BLOCK, str(next(others)))) as times:
        assert is_shown(ask(vault, vault.doctor(), person, deposited))
    assert len(times) == MOST_SNAPSHOTS
    counts = vault.sql("SELECT sum(n) FROM quota_count")
    with vault.logging() as lines:
        assert is_shown(ask(vault, vault.doctor(), person, deposited))
    assert len(lines) == 1, "each question has one line, however often it began anew"
    assert vault.sql("SELECT sum(n) FROM quota_count") == counts, "and is counted once"


def test_a_document_is_not_shown_where_its_record_changes_before_it_is_locked(
    vault: VaultBench, person: Person, deposited: Deposited, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where writers do not exclude each other (READ COMMITTED), a mask may come between look and lock."""
    look, looks = DocumentVerbs._look, []

    def overtaken(verbs: DocumentVerbs, tx: VaultTransaction, *asked: Any) -> Any:
        seen = look(verbs, tx, *asked)
        looks.append(seen)
        in_snapshot = len(looks) <= MOST_SNAPSHOTS
        with vault.store.inner.writing() if in_snapshot else nullcontext(tx) as writing:
            row = writing.get("record", record_id=person.record_id)
            writing.update("record", {"epoch": row["epoch"] + 1}, record_id=person.record_id)
        return seen

    monkeypatch.setattr(DocumentVerbs, "_look", overtaken)
    with vault.logging() as lines, pytest.raises(CoffreError) as refused:
        vault.reader.document(vault.doctor(), deposited.document_id, [deposited.row])
    assert (refused.value.code, list(lines), len(looks)) == ("card_changed", [], MOST_SNAPSHOTS + 1)


@every_verb
def test_what_is_permitted_after_the_snapshot_is_shown(
    vault: VaultBench, person: Person, deposited: Deposited, ask: Ask
) -> None:
    vault.change(person, Action.BLOCK, DOCTOR)
    with between(vault, lambda time: time or vault.change(person, Action.UNBLOCK, DOCTOR)):
        assert is_shown(ask(vault, vault.doctor(), person, deposited))


@pytest.mark.requirement("R33")
def test_beyond_the_quota_no_document_is_opened(
    vault: VaultBench, person: Person, deposited: Deposited
) -> None:
    few = Quotas(
        credential={**DEFAULT_QUOTAS.credential, Role.PROFESSIONAL: Quota(1, 1)},
        structure=DEFAULT_QUOTAS.structure,
        deposited_mib=DEFAULT_QUOTAS.deposited_mib,
    )
    reader = vault.another_process(quotas=few).reader
    call = vault.doctor()
    reader.resolve(call, vault.person().ins)
    reader.resolve(call, vault.person().ins)
    vault.store.forget()
    assert reader.documents(call, person.record_id, [deposited.row]) == Denied(ReasonCode.QUOTA_EXCEEDED)
    assert not [each for each in vault.store.statements if each.table == "document"]
