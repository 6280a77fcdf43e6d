"""New keys for accountability and the system's chains: the former's opens and is found as before."""

from uuid import UUID

from keyvault.credentials.issuers import DEMO_ISSUER
from keyvault.keys.root_secrets import ACCOUNTABILITY, SYSTEM_CHAIN
from keyvault.log.accountability import open_own, own_token, own_tokens
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.operator.rotating import SecretsRotated
from keyvault.verbs.reader.grants.releasing import Released
from records.people.actors import Actor
from records.vocabulary.codes import PurposeOfUse, Role
from tests.integration.vault.bench import Person, VaultBench, new_ins


def rotate(vault: VaultBench) -> SecretsRotated:
    tokens = [vault.token(Role.OPERATOR, name) for name in ("first", "second")]
    calls = [Call(token=token, purpose=PurposeOfUse.MAINTENANCE) for token in tokens]
    rotated = vault.guard.operator.rotate_secrets(calls)
    assert isinstance(rotated, SecretsRotated)
    return rotated


def own_actions(vault: VaultBench, actor: Actor) -> list[str]:
    """What an actor's own lines say."""
    keyring = vault.guard._vault.keyring
    with vault.store.inner.reading() as tx:
        rows = tx.find("accountability", actor__in=own_tokens(keyring, actor, DEMO_ISSUER))
        events = {row["leaf_hash"]: tx.get("event", leaf_hash=row["leaf_hash"]) for row in rows}
    lines = []
    for row in rows:
        event = events[row["leaf_hash"]]
        place = (event["chain_id"], event["chain"], event["seq"])
        lines.append(open_own(keyring, place, row["actor"], row["own"])["action"])
    return lines


def grant_of(released: Released) -> UUID:
    return UUID(released.grant["id"])


def test_each_key_takes_its_next_version(vault: VaultBench, person: Person) -> None:
    assert rotate(vault).versions == {ACCOUNTABILITY: 3, SYSTEM_CHAIN: 3}
    assert rotate(vault).versions == {ACCOUNTABILITY: 4, SYSTEM_CHAIN: 4}
    rows = vault.sql("SELECT version, state FROM secret WHERE name=? ORDER BY version", ACCOUNTABILITY)
    assert rows == [(2, "retiring"), (3, "retiring"), (4, "live")]


def test_the_log_of_before_and_after_is_sound_and_one(vault: VaultBench, person: Person) -> None:
    deposited = vault.deposit(person)
    before = vault.guard._vault.system_chain
    assert isinstance(vault.guard.reader.resolve(vault.doctor(), new_ins()), Denied)
    rotate(vault)
    assert vault.guard._vault.system_chain.chain_id != before.chain_id
    assert isinstance(vault.guard.reader.resolve(vault.doctor(), new_ins()), Denied)
    vault.reader.documents(person.call, person.record_id, [deposited.row])
    vault.sequence()
    assert vault.guard.inspector.verify_log().closed_events == 0


def test_own_lines_are_found_under_the_former_and_the_present_key(vault: VaultBench, person: Person) -> None:
    deposited, actor = vault.deposit(person), vault.actor(person.call.token)
    vault.reader.documents(person.call, person.record_id, [deposited.row])
    former = own_token(vault.guard._vault.keyring, actor)
    rotate(vault)
    vault.reader.events(person.call, person.record_id)
    assert own_token(vault.guard._vault.keyring, actor) != former
    assert sorted(own_actions(vault, actor)) == ["read_log", "search"]


def test_what_was_under_way_goes_on(vault: VaultBench, person: Person) -> None:
    """A grant of before answers, a notice of before is handed out, on a vault that did not rotate, too."""
    deposited = vault.deposit(person)
    vault.authorise(person)
    neighbour = vault.another_process()
    released, _ = vault.release(vault.doctor(), person, [deposited])
    assert isinstance(released, Released)
    vault.reader.documents(vault.emergency(), person.record_id, [deposited.row])
    rotate(vault)
    blob = deposited.request.blobs[0]
    for guard in (vault.guard, neighbour):
        assert guard.reader.recheck(grant_of(released), blob.blob_id, blob.version)
    later, _ = vault.release(vault.doctor(), person, [deposited])
    assert isinstance(later, Released)
    assert neighbour.reader.recheck(grant_of(later), blob.blob_id, blob.version)
    assert neighbour.housekeeper.take_notices("x")


def test_it_is_on_the_log_with_its_replay(vault: VaultBench, person: Person) -> None:
    with vault.logging() as seen:
        rotate(vault)
    assert [event.told for event in seen] == [("root", "permit", "operator")] * 2
    assert vault.sql("SELECT kind FROM replay ORDER BY replay_id DESC LIMIT 1") == [("secret",)]
