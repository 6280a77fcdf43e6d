"""The vault without keys, with another root, with rows that are gone; leases handed back."""

from pathlib import Path
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from keyvault.credentials.certificates import issue_certificate
from keyvault.crypto.signing import public_key
from keyvault.keys.cards import store_card
from keyvault.process.guard import Guard
from keyvault.quotas import Quota, Quotas
from keyvault.roots.file import FileRoot
from keyvault.verbs.call import Denied
from keyvault.verbs.worker.deposits.ingest_request import ForIngest
from records.errors import CoffreError
from records.vocabulary.codes import Action, ReasonCode
from storage.engines.opening import engine_for
from storage.migrations.migrate import upgrade
from storage.vault_store.store import SqlVaultStore
from tests.integration.vault.bench import DOCTOR, LABORATORY, NOON, Person, VaultBench, new_ins


def refused(code: str, call: object) -> None:
    with pytest.raises(CoffreError) as refusal:
        call()  # type: ignore[operator]
    assert refusal.value.code == code


def test_a_vault_without_keys_does_not_start(vault: VaultBench, tmp_path: Path) -> None:
    database = engine_for(f"sqlite:///{tmp_path / 'empty.db'}")
    upgrade(database, "vault")
    root = FileRoot.create(tmp_path / "root.json", None)
    settings, days = vault.settings, vault.days
    refused(
        "vault_empty",
        lambda: Guard(store=SqlVaultStore(database), day_keys=days, root=root, settings=settings),
    )
    database.close()


def test_another_root_opens_nothing(vault: VaultBench, tmp_path: Path) -> None:
    other = FileRoot.create(tmp_path / "other.json", None)
    refused(
        "root_unwrap_failed",
        lambda: Guard(store=vault.store, day_keys=vault.days, root=other, settings=vault.settings),
    )


def test_keys_of_each_use_differ_and_are_public_without_opening_any(vault: VaultBench) -> None:
    keys = {key.use: key.public for key in vault.guard.public.public_keys()}
    assert set(keys) == {"grant", "checkpoint", "certificate", "reception"} and len(set(keys.values())) == 4
    assert Guard.public_halves(vault.store) == keys
    assert vault.guard.origin == "audit.localhost/test"


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("DELETE FROM record_key WHERE branch=1 AND record_id=?", "record_key_missing"),
        ("DELETE FROM wrapped_key WHERE use=5 AND record_id=?", "key_missing"),
        ("DELETE FROM wrapped_key WHERE use=3 AND record_id=?", "key_missing"),
        ("UPDATE record_key SET key_version=2 WHERE record_id=?", "key_unwrap_failed"),
    ],
)
def test_a_record_whose_rows_are_gone_is_a_clear_error_and_opens_for_nobody(
    vault: VaultBench, person: Person, statement: str, code: str
) -> None:
    vault.sql(statement, person.record_id.bytes)
    before = vault.dump()
    for call in (person.call, vault.doctor(), vault.emergency()):
        refused(code, lambda call=call: vault.reader.resolve(call, person.ins))
    assert vault.dump() == before


def test_a_card_that_changed_meanwhile_is_not_overwritten(vault: VaultBench, person: Person) -> None:
    """Where an engine's row lock would fail, the version still tells."""
    with vault.store.writing() as tx:
        opened = vault.guard._vault.open(tx, tx.get("record", record_id=person.record_id)).card
    vault.change(person, Action.BLOCK, DOCTOR)
    assert opened.card is not None
    with vault.store.writing() as tx:
        refused("card_changed", lambda: store_card(tx, opened, opened.card))  # type: ignore[arg-type]


def test_a_worker_gives_back_what_it_held_and_nothing_else(vault: VaultBench, person: Person) -> None:
    received = vault.receive(ins=person.ins)
    assert isinstance(vault.take(received), ForIngest)
    vault.worker.give_back(received.submission_id, "other")
    refused("leased", lambda: vault.take(received, worker="other"))
    for _ in range(2):
        vault.worker.give_back(received.submission_id, "worker")
    assert isinstance(vault.take(received, worker="other"), ForIngest)


def test_leases_of_dead_holders_end_together(vault: VaultBench, person: Person) -> None:
    received = vault.receive(ins=person.ins)
    assert isinstance(vault.take(received), ForIngest)
    vault.guard.housekeeper.sequence()
    assert vault.guard.housekeeper.end_leases() == 1
    assert isinstance(vault.take(received, worker="other"), ForIngest)
    vault.reader.resolve(vault.doctor(), new_ins())
    assert vault.another_process().housekeeper.sequence().placed >= 1


def test_a_name_that_is_none_here_is_an_unknown_record(vault: VaultBench) -> None:
    """Neither an error to repeat for ever, nor a word about why."""
    for name in ("no name", f"{new_ins()}|1.2.250.1.213.1.4.8", ""):
        assert vault.worker.part_tokens(name, LABORATORY, [bytes(32)]) is None
    taken = vault.take(vault.receive(ins="no name"))
    assert isinstance(taken, ForIngest) and taken.record_state == "unknown"


def test_a_role_without_a_limit_is_counted_for_nobody(vault: VaultBench, person: Person) -> None:
    quotas = Quotas(credential={}, structure={}, deposited_mib=Quota(1, 1))
    process = vault.another_process(quotas=quotas)
    before = vault.sql("SELECT count(*) FROM quota")
    assert process.reader.resolve(vault.doctor(), person.ins) == Denied(ReasonCode.NOT_AUTHORISED)
    assert vault.sql("SELECT count(*) FROM quota") == before


def test_a_client_certificate_names_its_structure_for_30_days(vault: VaultBench) -> None:
    """RFC 5280: no authority of its own, for client authentication, signed by the demo authority."""
    private = bytes(range(32))
    pem, key = issue_certificate(private, "coffre-demo-authority", LABORATORY, NOON)
    certificate = x509.load_pem_x509_certificate(pem)
    Ed25519PublicKey.from_public_bytes(public_key(private)).verify(
        certificate.signature, certificate.tbs_certificate_bytes
    )
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == LABORATORY
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert life.days == 30 and certificate.not_valid_before_utc.timestamp() == NOON
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert key.startswith(b"-----BEGIN PRIVATE KEY-----")


def test_ids_of_records_and_documents_are_ordered_by_time(vault: VaultBench) -> None:
    """UUIDv7 (RFC 9562 section 5.7); what the outside sees is random."""
    people = [vault.person() for _ in range(3)]
    assert [each.record_id for each in people] == sorted(each.record_id for each in people)
    assert {each.record_id.version for each in people} == {7}
    assert {UUID(bytes=each.public_id.bytes).version for each in people} == {4}
