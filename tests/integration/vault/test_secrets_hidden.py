"""Keys, tokens, identities and content stand in no repr and in no exception of the vault."""

import dataclasses
import importlib
import pkgutil
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

import keyvault
from keyvault.credentials.sign_in_links import new_sign_in
from keyvault.verbs.attempt import attempt
from keyvault.verbs.reader.grants.releasing import Released
from keyvault.verbs.reader.holder.changing import CardChange
from keyvault.verbs.worker.adoption.adopt_request import Adopted
from keyvault.verbs.worker.deposits.ingest_request import ForIngest
from keyvault.verbs.worker.deposits.received import open_all_received
from records.errors import CoffreError
from records.text.base64url import b64
from records.vocabulary.codes import Action
from tests.integration.vault.bench import REASON, STRANGER, TRAITS, Person, VaultBench, new_ins, rows_of

TITLE = "Scanner cérébral de contrôle"
SECRET_NAMES = {"key", "keys", "private", "dek", "credential", "token", "code", "reason", "traits", "details"}
PUBLIC_BY_NATURE = {
    "CredentialError.code",
    "Denied.reason",  # a code, not the actor's words
    "Event.reason",
    "NotConfirmed.code",  # why it was refused, not what was typed
    "Quotas.credential",  # limits by role
    "Verb.answers",
}


def dataclasses_of_keyvault() -> list[type]:
    found: list[type] = []
    for module in pkgutil.walk_packages(keyvault.__path__, "keyvault."):
        try:
            loaded = importlib.import_module(module.name)
        except ImportError:  # a root whose driver is an extra that isn't installed
            continue
        found += [
            each
            for each in vars(loaded).values()
            if isinstance(each, type) and dataclasses.is_dataclass(each) and each.__module__ == module.name
        ]
    return found


@pytest.mark.parametrize("kind", dataclasses_of_keyvault(), ids=lambda kind: kind.__name__)
def test_no_field_that_is_a_secret_by_its_name_is_shown(kind: type) -> None:
    shown = {
        f"{kind.__name__}.{each.name}"
        for each in dataclasses.fields(kind)
        if kind.__dataclass_params__.repr and each.repr and each.name in SECRET_NAMES  # type: ignore[attr-defined]
    }
    assert shown <= PUBLIC_BY_NATURE


def forms(secret: bytes | str) -> list[str]:
    """How a secret could look in a text."""
    data = secret.encode() if isinstance(secret, str) else secret
    shown = [repr(data)[2:-1], data.hex(), b64(data)]
    return [*shown, secret] if isinstance(secret, str) else shown


def test_nothing_that_a_verb_gives_or_takes_shows_a_secret(vault: VaultBench, person: Person) -> None:
    received = vault.receive(b"content in clear", ins=person.ins)
    taken = vault.take(received)
    assert isinstance(taken, ForIngest)
    request = vault.request(received, person.ins, b"content in clear", title=TITLE)
    adopted = vault.worker.adopt(request)
    assert isinstance(adopted, Adopted)
    deposited = vault.deposit(person, title=TITLE)
    listing = vault.reader.documents(person.call, person.record_id, rows_of(deposited))
    emergency = vault.emergency()
    in_emergency = vault.reader.documents(emergency, person.record_id, rows_of(deposited))
    released, private = vault.release(emergency, person, [deposited])
    assert isinstance(released, Released)
    body = vault.open(released, private)
    log = vault.reader.events(person.call, person.record_id)
    notices = vault.guard.housekeeper.take_notices("x")
    sealed = {received.submission_id: received.envelope}
    opened = open_all_received(vault.guard._vault, sealed)[received.submission_id]
    with vault.guard._vault.transaction() as transaction:
        actor = vault.actor(emergency.token)
        found = attempt(
            vault.guard._vault, transaction, emergency, actor, Action.SEARCH, record_id=person.record_id
        )
        event = found.event()  # type: ignore[union-attr]
    sign_in = new_sign_in(emergency.token)
    keyring = vault.guard._vault.keyring
    taken_in = [received.keys, taken, request, adopted, opened, sign_in, transaction, found, event]
    given_out = [listing, in_emergency, emergency, released, body, log, notices]
    shown = repr([taken_in, given_out, keyring, keyring.public_keys(), vault.guard])
    secrets: list[bytes | str] = [
        *taken.keys.values(),
        body.blobs[0].dek,
        private,
        opened.day_private,
        found.record.key.key,  # type: ignore[union-attr]
        found.record.card.key,  # type: ignore[union-attr]
        found.record.chain.key,  # type: ignore[union-attr]
        keyring.index_key,
        *keyring.accountability.by_version.values(),
        *keyring.system_chain.by_version.values(),
        found.record.chain.event_key,  # type: ignore[union-attr]
        emergency.token,
        opened.envelope.credential,
        sign_in.code,
        person.ins,
        REASON,
        TITLE,
        TRAITS.family_name,
        TRAITS.given_name,
        "content in clear",
    ]
    for secret in secrets:
        for form in forms(secret):
            assert form not in shown, form[:12]


def test_no_exception_carries_a_secret(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person, title=TITLE)
    received = vault.receive(b"content in clear", ins=person.ins)
    other = vault.receive(b"content in clear", ins=person.ins)
    taken = vault.take(received)
    assert isinstance(taken, ForIngest)
    request = vault.request(received, person.ins, b"content in clear", title=TITLE)
    (blob,) = request.blobs
    expired = vault.doctor(STRANGER, lifetime=1)
    vault.clock.advance(2)
    record = person.record_id
    calls: list[Callable[[], Any]] = [
        lambda: vault.reader.resolve(expired, person.ins),
        lambda: vault.reader.resolve(replace(expired, token=expired.token + "x"), person.ins),
        lambda: vault.reader.resolve(vault.doctor(), person.ins + "0"),
        lambda: vault.reader.resolve(vault.doctor(), person.ins + "|1.2.250.1.213.1.4.8"),
        lambda: vault.person(person.ins),
        lambda: vault.take(received, worker="other"),
        lambda: vault.worker.adopt(replace(request, worker="other")),
        lambda: vault.worker.adopt(replace(request, record=vault.person().ins)),
        lambda: vault.worker.adopt(replace(request, sealed_envelope=other.envelope)),
        lambda: vault.worker.adopt(
            replace(request, blobs=(replace(blob, sealed_key=other.blobs[0].sealed_key or b""),))
        ),
        lambda: vault.worker.adopt(replace(request, blobs=(replace(blob, commitment=bytes(32)),))),
        lambda: vault.worker.adopt(replace(request, blobs=(replace(blob, plaintext_size=1),))),
        lambda: vault.worker.adopt(replace(request, documents=())),
        lambda: vault.reader.label(person.call, record, uuid4(), []),
        lambda: vault.reader.label(person.call, record, deposited.document_id, [REASON]),
        lambda: vault.reader.renew(vault.doctor(), uuid4()),
        lambda: vault.reader.change_card(
            person.call, record, CardChange(action=Action.BLOCK, professional=person.ins + "X")
        ),
        lambda: vault.release(person.call, person, [deposited], documents=[[uuid4()]]),
        lambda: vault.release(
            person.call, person, [replace(deposited, row=replace(deposited.row, sealed=b"x"))]
        ),
        lambda: vault.reader.release(vault.doctor(), record, [], documents=None, recipient=bytes(32)),
    ]
    secrets: list[bytes | str] = [
        *taken.keys.values(),
        person.ins,
        person.call.token,
        expired.token,
        vault.guard._vault.keyring.index_key,
        REASON,
        TITLE,
        TRAITS.family_name,
    ]
    for number, call in enumerate(calls):
        with pytest.raises(CoffreError) as error:
            call()
        told = "".join(traceback.format_exception(error.value)) + repr(error.value) + repr(error.value.args)
        for secret in secrets:
            assert not any(form in told for form in forms(secret)), (number, error.value.code)


@pytest.mark.requirement("R47")
def test_the_file_of_the_vault_holds_no_identity_in_clear(vault: VaultBench, person: Person) -> None:
    """After every kind of call, refused and unknown ones included."""
    deposited = vault.deposit(person, title=TITLE)
    unknown = new_ins()
    vault.reader.resolve(vault.doctor(STRANGER), unknown)
    vault.reader.documents(vault.emergency(), person.record_id, rows_of(deposited))
    vault.change(person, Action.NAME_ATTENDING, "899700024468")
    vault.release(person.call, person, [deposited])
    vault.sequence()
    vault.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = b"".join(path.read_bytes() for path in vault.folder.glob("*.db*"))
    for word in (person.ins, unknown, STRANGER, "899700024468", REASON, TITLE, "Nomdessai", "Prenomdessai"):
        assert word.encode() not in kept, word
    assert deposited.content not in kept
