"""Only what a question names is opened, with its copies; hidden costs what absent costs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keyvault.crypto import envelope
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.judging import LEAST_OPENED
from keyvault.verbs.reader.grants.reading import Disclosed
from records.errors import NotFound
from tests.integration.vault.bench import LABORATORY, Deposited, Person, VaultBench, rows_of
from tests.integration.vault.watched_store import Statement

Ask = Callable[[VaultBench, Person, Deposited], object]

ASKS: dict[str, Ask] = {
    "list": lambda vault, person, each: vault.reader.documents(person.call, person.record_id, [each.row]),
    "document": lambda vault, person, each: vault.reader.document(person.call, each.document_id, [each.row]),
    "release": lambda vault, person, each: vault.release(
        person.call, person, [each], documents=[[each.document_id]]
    ),
    "label": lambda vault, person, each: vault.reader.label(
        person.call, person.record_id, each.document_id, []
    ),
}


class Openings:
    """How many ciphertexts were opened."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        openings = self

        class Cipher:
            def __init__(self, key: bytes) -> None:
                self._cipher = AESGCM(key)

            def encrypt(self, nonce: bytes, data: bytes, aad: bytes) -> bytes:
                return self._cipher.encrypt(nonce, data, aad)

            def decrypt(self, nonce: bytes, data: bytes, aad: bytes) -> bytes:
                openings.count += 1
                return self._cipher.decrypt(nonce, data, aad)

        self.count = 0
        with patch.object(envelope, "AESGCM", Cipher):
            yield


@pytest.mark.parametrize("name", ASKS)
def test_one_of_many_documents_costs_what_one_of_one_costs(
    vault: VaultBench, person: Person, name: str
) -> None:
    deposited, openings = vault.deposit(person), Openings()
    with openings.counted():
        assert not isinstance(ASKS[name](vault, person, deposited), Denied)
    alone = openings.count
    for number in range(2 * LEAST_OPENED):
        vault.deposit(person, b"%d" % number)
    with openings.counted():
        ASKS[name](vault, person, deposited)
    assert openings.count == alone


def cost(vault: VaultBench, ask: Callable[[], object]) -> tuple[list[Statement], int]:
    openings = Openings()
    vault.store.forget()
    with openings.counted():
        try:
            answer = ask()
        except NotFound:
            answer = None
    assert not isinstance(answer, Disclosed) or not answer.documents
    return vault.store.statements, openings.count


@pytest.mark.parametrize("hidden", [1, 2, LEAST_OPENED])
@pytest.mark.parametrize("verb", ["list", "release"])
def test_hidden_documents_of_a_study_cost_what_a_study_that_is_not_there_costs(
    vault: VaultBench, person: Person, hidden: int, verb: str
) -> None:
    study = [vault.deposit(person, b"%d" % number) for number in range(hidden)]
    for each in study:
        vault.label(person, each.document_id, "MASQUE_PS")
    vault.authorise(person)

    def asked(call: Call, documents: list[Deposited]) -> object:
        if verb == "list":
            return vault.reader.documents(call, person.record_id, rows_of(*documents))
        named = [[each.document_id for each in documents]]
        return vault.release(call, person, documents, documents=named)

    def cost_of(documents: list[Deposited]) -> tuple[list[Statement], int]:
        return cost(vault, lambda: asked(vault.doctor(), documents))

    cost_of([])  # the hour's counters and chains have their rows from now on
    costs = [cost_of(study), cost_of([])]
    assert costs[0] == costs[1]
    assert isinstance(
        vault.reader.documents(vault.doctor(structure=LABORATORY), person.record_id, rows_of(*study)),
        Disclosed,
    )
