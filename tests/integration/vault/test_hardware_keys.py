"""Operators by hardware key: two persons decide, each with their own key, and one person's two are one."""

import pytest

from keyvault.credentials.hardware_tokens import asked
from keyvault.credentials.issuers import DEMO_ISSUER, operator_issuer
from keyvault.crypto.envelope import KeyvaultError
from keyvault.crypto.sealed_json import issuer_aad
from keyvault.crypto.signing import key_id
from keyvault.keys.secret_keys import Use
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.operator.issuers import ListedIssuer, NewIssuer
from records.vocabulary.codes import PurposeOfUse, Role
from tests.integration.vault.bench import AUDIENCE, VaultBench
from tests.integration.vault.test_issuers import Door, added, code_of, ended
from tests.services.authenticator import HardwareKey

ORIGIN = "https://coffre.example"


def new(name: str, key: HardwareKey, **more: object) -> NewIssuer:
    named = operator_issuer(name)
    told = {"subject": named, "origin": ORIGIN, "beside": [DEMO_ISSUER]} | more
    return NewIssuer(name=named, public=key.public, roles=[Role.OPERATOR.value], **told)  # type: ignore[arg-type]


def call(vault: VaultBench, name: str, key: HardwareKey, kid: str | None = None) -> Call:
    wanted = asked(operator_issuer(name), AUDIENCE, "number", int(vault.clock()), kid)
    return Call(token=key.signed(wanted), purpose=PurposeOfUse.MAINTENANCE)


@pytest.fixture
def alice(vault: VaultBench) -> HardwareKey:
    key = HardwareKey(ORIGIN)
    added(vault, new("alice", key))
    return key


@pytest.fixture
def bob(vault: VaultBench) -> HardwareKey:
    key = HardwareKey(ORIGIN)
    added(vault, new("bob", key))
    return key


def test_two_operators_decide_with_their_keys(
    vault: VaultBench, alice: HardwareKey, bob: HardwareKey
) -> None:
    both = [call(vault, "alice", alice), call(vault, "bob", bob)]
    assert isinstance(vault.guard.operator.add_issuer(both, Door(vault).new()), ListedIssuer)


def test_one_persons_key_twice_and_her_two_keys_count_once(vault: VaultBench, alice: HardwareKey) -> None:
    second = HardwareKey(ORIGIN)
    added(vault, new("alice", second))
    mine = call(vault, "alice", alice, key_id(alice.public))
    again = call(vault, "alice", alice, key_id(alice.public))
    others = call(vault, "alice", second, key_id(second.public))
    for other in (mine, again, others):
        assert decided(vault, mine, other) == "two_operators"


def test_one_key_is_not_two_operators(vault: VaultBench, alice: HardwareKey) -> None:
    assert code_of(lambda: added(vault, new("bob", alice))) == "issuer_key_used"


def test_another_operators_key_decides_nothing_in_her_name(
    vault: VaultBench, alice: HardwareKey, bob: HardwareKey
) -> None:
    assert decided(vault, call(vault, "alice", bob), call(vault, "bob", bob)) == "token_invalid"


def test_a_key_that_ended_decides_nothing(vault: VaultBench, alice: HardwareKey, bob: HardwareKey) -> None:
    ended(vault, operator_issuer("bob"))
    assert decided(vault, call(vault, "alice", alice), call(vault, "bob", bob)) == "issuer_ended"


def test_an_enrolment_that_lapsed_decides_nothing(vault: VaultBench, alice: HardwareKey) -> None:
    carol = HardwareKey(ORIGIN)
    added(vault, new("carol", carol, not_after=int(vault.clock()) + 60))
    vault.clock.advance(61)
    assert decided(vault, call(vault, "alice", alice), call(vault, "carol", carol)) == "issuer_ended"


def test_its_row_has_a_label_of_its_own_and_is_opened_after_a_start(
    vault: VaultBench, alice: HardwareKey
) -> None:
    with vault.store.reading() as tx:
        row = next(each for each in tx.find("issuer") if each["name"] == "operator:alice")
    sealed, place = row["sealed"], (row["name"], row["key_id"], row["version"])
    keys = vault.guard._vault.keyring.accountability
    told = keys.open(Use.ISSUER, sealed, issuer_aad(*place, is_hardware=True))
    assert told["issuer"]["origin"] == ORIGIN
    with pytest.raises(KeyvaultError):
        keys.open(Use.ISSUER, sealed, issuer_aad(*place))
    listed = vault.another_process().operator.issuers(vault.operator())
    assert not isinstance(listed, Denied)
    assert [each.origin for each in listed if each.name == "operator:alice"] == [ORIGIN]


def decided(vault: VaultBench, *calls: Call) -> str:
    """The code with which the two are refused."""
    return code_of(lambda: vault.guard.operator.add_issuer(list(calls), Door(vault).new()))
