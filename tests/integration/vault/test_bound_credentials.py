"""Credentials bound to the page process's key, or to a client certificate, where bearers are refused."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from keyvault.credentials.claims import Binding, Confirmation
from keyvault.credentials.possession_proof import PresentedProof, call_address
from keyvault.credentials.proving import ProofKey
from keyvault.crypto.signing import new_signing_key
from keyvault.process.guard import Guard, ReaderDoor
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.grants.reading import ResolvedRecord
from keyvault.verbs.reader.lists.filling import ListPage
from keyvault.verbs.reader.lists.listing import Listing
from records.errors import CoffreError
from records.text.base64url import b64
from records.vocabulary.codes import PurposeOfUse, Role
from tests.integration.vault.bench import DOCTOR, LABORATORY, PRACTICE, Person, VaultBench
from viewer_api.session_calls import SessionCall, deposit_proof, proving

THUMBPRINT = b64(hashlib.sha256(b"a certificate in DER").digest())
CERTIFICATE = Binding(Confirmation.CERTIFICATE, THUMBPRINT)


def code_of(work: Callable[[], object]) -> str:
    with pytest.raises(CoffreError) as refused:
        work()
    return refused.value.code


@pytest.fixture
def strict(vault: VaultBench) -> Guard:
    """As in production: no bearer is accepted."""
    return vault.another_process(require_possession=True)


class Pages:
    """The page process: its key, and its door of the vault."""

    def __init__(self, vault: VaultBench, guard: Guard) -> None:
        self.key = ProofKey(new_signing_key()[0], clock=vault.clock)
        self.vault, self.guard = vault, guard
        self.door: ReaderDoor = proving(guard.reader, self.key)

    def token(self, **more: object) -> str:
        told = {"rpps": DOCTOR, "profession": "10", "structure": PRACTICE, "sector": "SA07"}
        return self.vault.token(Role.PROFESSIONAL, DOCTOR, key=self.key.thumbprint, **told, **more)


@pytest.fixture
def pages(vault: VaultBench, strict: Guard, person: Person) -> Pages:
    vault.authorise(person)
    return Pages(vault, strict)


class TestThePagesCalls:
    def test_are_proven_by_the_page_process_where_bearers_are_refused(
        self, pages: Pages, person: Person
    ) -> None:
        call = SessionCall(token=pages.token())
        found = pages.door.resolve(call, person.ins)
        assert isinstance(found, ResolvedRecord)
        for _ in range(3):  # each call has a proof of its own
            assert isinstance(pages.door.list(call, found.record_id, ListPage()), Listing)

    def test_are_nothing_without_its_key(self, pages: Pages, person: Person) -> None:
        """A credential that was read out of the table of sessions, or out of another process."""
        stolen = pages.token()
        for call in (Call(token=stolen), SessionCall(token=stolen)):
            assert code_of(lambda call=call: pages.guard.reader.resolve(call, person.ins)) == (  # type: ignore[misc]
                "possession_required"
            )
        thief = proving(pages.guard.reader, ProofKey(new_signing_key()[0], clock=pages.vault.clock))
        assert code_of(lambda: thief.resolve(SessionCall(token=stolen), person.ins)) == "possession_required"

    def test_that_came_over_http_are_not_proven_for_their_sender(self, pages: Pages, person: Person) -> None:
        """Whoever stole it and sends it as a bearer's finds no page process that signs for them."""
        stolen = Call(token=pages.token())
        assert code_of(lambda: pages.door.resolve(stolen, person.ins)) == "possession_required"

    def test_say_purpose_and_reason(self, pages: Pages, person: Person) -> None:
        pages.vault.allow(person)
        reason = "Patient inconscient aux urgences"
        call = SessionCall(token=pages.token(), purpose=PurposeOfUse.BRIS_DE_GLACE, reason=reason)
        assert isinstance(pages.door.resolve(call, person.ins), ResolvedRecord)

    def test_prove_one_verb_once(self, pages: Pages, person: Person) -> None:
        token, address = pages.token(), call_address("resolve")
        proof = PresentedProof(pages.key.proof(token, "POST", address), "POST", address)
        call = Call(token=token, presented=proof)
        other = replace(call, presented=replace(proof, url=call_address("events")))
        assert code_of(lambda: pages.guard.reader.events(other, person.record_id)) == "proof_invalid"
        assert code_of(lambda: pages.guard.reader.events(call, person.record_id)) == "proof_mismatch"
        urgent = replace(call, purpose=PurposeOfUse.BRIS_DE_GLACE, reason="Patient inconscient")
        assert code_of(lambda: pages.guard.reader.resolve(urgent, person.ins)) == "proof_mismatch"
        assert isinstance(pages.guard.reader.resolve(call, person.ins), ResolvedRecord)
        assert code_of(lambda: pages.guard.reader.resolve(call, person.ins)) == "proof_replayed"

    def test_leave_what_is_bound_to_nothing_as_it_is(self, vault: VaultBench, person: Person) -> None:
        """Of the demo's links: the vault accepts a bearer there."""
        door = proving(vault.guard.reader, ProofKey(new_signing_key()[0]))
        call = SessionCall(token=person.call.token)
        assert isinstance(door.resolve(call, person.ins), ResolvedRecord)

    def test_deposit_what_the_form_sent(self, pages: Pages, person: Person, vault: VaultBench) -> None:
        content = b"%PDF-1.7 ma directive"
        token = pages.token()
        proof = deposit_proof(pages.key, token, [hashlib.sha256(content).digest()])
        good = vault.receive(content, token=token, ins=person.ins, presented=proof)
        answer = vault.take(good)
        assert not isinstance(answer, Denied)
        other = deposit_proof(pages.key, token, [hashlib.sha256(b"other").digest()])
        assert isinstance(vault.take(vault.receive(content, token=token, presented=other)), Denied)
        again = vault.receive(content, token=token, ins=person.ins, presented=proof)
        assert isinstance(vault.take(again), Denied), "a proof serves one deposit"
        assert deposit_proof(None, token, []) is None


class TestACertificate:
    """RFC 8705: the credential of a machine or of a stock client, whose proxy asked for its certificate."""

    def call(self, vault: VaultBench, certificate: str | None) -> Call:
        told = {"rpps": DOCTOR, "profession": "10", "structure": PRACTICE, "sector": "SA07"}
        token = vault.token(Role.PROFESSIONAL, DOCTOR, cnf=CERTIFICATE.claim, **told)
        return Call(token=token, certificate=certificate)

    def test_that_the_proxy_saw_is_accepted_where_bearers_are_refused(
        self, vault: VaultBench, strict: Guard, person: Person
    ) -> None:
        vault.authorise(person)
        call = self.call(vault, THUMBPRINT)
        for _ in range(2):
            assert isinstance(strict.reader.resolve(call, person.ins), ResolvedRecord)

    @pytest.mark.parametrize("shown", [None, "", b64(hashlib.sha256(b"another").digest()), THUMBPRINT[:-1]])
    def test_of_another_or_none_is_refused(
        self, vault: VaultBench, person: Person, shown: str | None
    ) -> None:
        vault.authorise(person)
        with vault.logging() as seen:
            assert code_of(lambda: vault.reader.resolve(self.call(vault, shown), person.ins)) == (
                "certificate_required"
            )
        assert [event.told for event in seen] == [("authenticate", "deny", "bad_credential")]

    def test_is_no_proof_of_a_key(self, vault: VaultBench, person: Person) -> None:
        key = ProofKey(new_signing_key()[0], clock=vault.clock)
        call = self.call(vault, THUMBPRINT)
        address = call_address("resolve")
        proof = PresentedProof(key.proof(call.token, "POST", address), "POST", address)
        both = replace(call, presented=proof)
        assert code_of(lambda: vault.reader.resolve(both, person.ins)) == "proof_invalid"
        bound = vault.patient(person.ins, key=key.thumbprint)
        shown = replace(bound, certificate=key.thumbprint)
        assert code_of(lambda: vault.reader.resolve(shown, person.ins)) == "possession_required"

    def test_goes_with_a_deposit_and_to_no_worker(self, vault: VaultBench, person: Person) -> None:
        token = vault.depositor(cnf=CERTIFICATE.claim)
        received = vault.receive(token=token, ins=person.ins, certificate=THUMBPRINT)
        taken = vault.take(received)
        assert not isinstance(taken, Denied) and taken.structure == LABORATORY
        assert "certificate" not in taken.envelope.headers
        without = vault.receive(b"%PDF-1.7 other", token=token, ins=person.ins)
        assert isinstance(vault.take(without), Denied)
