"""A bound credential at the vault's doors: a relaying reader does what was signed, once, and nothing else."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from ingestion.envelope import SubmissionHeaders
from ingestion.intake.reception import Depositor, Reception
from keyvault.credentials.issuers import IssuerList
from keyvault.credentials.possession import verify_token
from keyvault.credentials.possession_proof import PresentedProof
from keyvault.credentials.proving import ProofKey
from keyvault.credentials.refusing import CredentialError
from keyvault.crypto.search_tokens import TokenField
from keyvault.crypto.signing import new_signing_key
from keyvault.grants.grant import new_recipient
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.grants.reading import Disclosed, EventPage, ResolvedRecord
from keyvault.verbs.reader.grants.releasing import Released
from keyvault.verbs.reader.holder.changing import CardChange, Changed
from keyvault.verbs.reader.holder.choosing import Chosen
from keyvault.verbs.worker.deposits.ingest_request import ForIngest
from records.card.card import Emergency
from records.choices.authorisations import DocumentKind
from records.errors import CoffreError
from records.people.identity import INS, INS_NIR_TEST
from records.text.base64url import b64
from records.vocabulary.codes import Action, PurposeOfUse, Role
from tests.integration.vault.bench import (
    DOCTOR,
    LABORATORY,
    PRACTICE,
    REASON,
    STRANGER,
    Deposited,
    Person,
    Received,
    VaultBench,
    rows_of,
)

ORIGIN = "https://coffre.example"
WHY = "Contrôle de la procédure"
STUDY, OTHER_STUDY = "1.2.3", "1.2.9"


class Holder:
    """Somebody with a key and a token bound to it, who signs requests."""

    def __init__(self, vault: VaultBench, role: Role, subject: str, **claims: Any) -> None:
        self.key = ProofKey(new_signing_key()[0], clock=vault.clock)
        self.token = vault.token(role, subject, key=self.key.thumbprint, **claims)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        purpose: PurposeOfUse = PurposeOfUse.NORMAL,
        reason: str | None = None,
    ) -> Call:
        """What an honest reader hands on. Purpose and reason are those of headers, or of a grant's body."""
        raw = b"" if body is None else json.dumps(body).encode()
        stated: dict[str, Any] = (
            {} if purpose is PurposeOfUse.NORMAL else {"purpose": purpose.value, "reason": reason}
        )
        proof = self.key.proof(self.token, method, ORIGIN + path, body=raw, **stated)
        return Call(
            token=self.token,
            purpose=purpose,
            reason=reason,
            presented=PresentedProof(proof, method, ORIGIN + path, raw),
        )

    def grant(self, person: Person, recipient: bytes, **more: Any) -> Call:
        return self.call("POST", "/grants", {"record": person.ins, "recipient": b64(recipient), **more})


@pytest.fixture
def doctor(vault: VaultBench) -> Holder:
    return Holder(
        vault, Role.PROFESSIONAL, DOCTOR, rpps=DOCTOR, profession="10", structure=PRACTICE, sector="SA07"
    )


@pytest.fixture
def holder(vault: VaultBench, person: Person) -> Holder:
    return Holder(vault, Role.PATIENT, person.ins, ins=INS(person.ins, INS_NIR_TEST))


@pytest.fixture
def deposited(vault: VaultBench, person: Person) -> Deposited:
    vault.authorise(person)
    return vault.deposit(person)


def refused(vault: VaultBench, verb: Callable[[], object]) -> str:
    """The code of a refusal; every one is in the log, by a line or in the number of the hour's line."""
    before = not_believed(vault)
    with pytest.raises(CredentialError) as caught:
        verb()
    assert not_believed(vault) == before + 1
    return caught.value.code


def not_believed(vault: VaultBench) -> int:
    ((count,),) = vault.sql("SELECT COALESCE(SUM(alone + counted), 0) FROM refusal")
    return int(count)


class TestWhatWasSigned:
    def test_is_carried_out_verb_by_verb(
        self, vault: VaultBench, person: Person, doctor: Holder, deposited: Deposited
    ) -> None:
        private, public = new_recipient()
        call = doctor.grant(person, public)
        assert isinstance(vault.reader.resolve(call, person.ins, Action.RETRIEVE), ResolvedRecord)
        released = vault.reader.release(
            call, person.record_id, rows_of(deposited), documents=None, recipient=public
        )
        assert isinstance(released, Released)
        assert len(vault.open(released, private).documents) == 1
        renewed = doctor.call("POST", f"/grants/{released.grant['id']}/urls")
        assert vault.reader.renew(renewed, UUID(released.grant["id"])) == released.objects

    def test_also_documents_and_studies_by_name(
        self, vault: VaultBench, person: Person, doctor: Holder, deposited: Deposited
    ) -> None:
        study = vault.deposit_study(person, STUDY)
        _, public = new_recipient()
        named = [str(deposited.document_id)]
        call = doctor.grant(person, public, studies=[STUDY], documents=named, suite=2)
        assert len(vault.reader.tokens(call, person.record_id, [(TokenField.STUDY, STUDY)])) == 1  # type: ignore[arg-type]
        released = vault.reader.release(
            call,
            person.record_id,
            [deposited.row, study.row],
            documents=[[deposited.document_id], [study.document_id]],
            recipient=public,
            suite=2,
        )
        assert isinstance(released, Released)

    def test_lists_and_the_log(
        self, vault: VaultBench, person: Person, holder: Holder, deposited: Deposited
    ) -> None:
        listing = holder.call("GET", f"/records/{person.public_id}/documents")
        assert isinstance(vault.reader.documents(listing, person.record_id, rows_of(deposited)), Disclosed)
        log = holder.call("GET", f"/records/{person.ins}/access-log")
        assert isinstance(vault.reader.events(log, person.record_id), EventPage)

    def test_every_choice_of_the_holder(
        self, vault: VaultBench, person: Person, holder: Holder, deposited: Deposited
    ) -> None:
        modes = {"bris_de_glace": False, "centre_15": True}
        for method, path, body, wanted in (
            ("POST", "authorisations", {"professional": STRANGER}, CardChange(action=Action.AUTHORISE)),
            ("DELETE", f"authorisations/{STRANGER}", None, CardChange(action=Action.REVOKE)),
            ("POST", "blocks", {"professional": STRANGER}, CardChange(action=Action.BLOCK)),
            ("DELETE", f"blocks/{STRANGER}", None, CardChange(action=Action.UNBLOCK)),
            (
                "POST",
                "attending-doctors",
                {"professional": STRANGER},
                CardChange(action=Action.NAME_ATTENDING),
            ),
            ("DELETE", f"attending-doctors/{STRANGER}", None, CardChange(action=Action.REMOVE_ATTENDING)),
        ):
            call = holder.call(method, f"/records/{person.ins}/{path}", body)
            change = replace(wanted, professional=STRANGER)
            assert isinstance(vault.reader.change_card(call, person.record_id, change), Changed)
        call = holder.call("PUT", f"/records/{person.ins}/emergency", modes)
        change = CardChange(action=Action.SET_EMERGENCY, emergency=Emergency(False, True))
        assert isinstance(vault.reader.change_card(call, person.record_id, change), Changed)
        vault.authorise(person)
        path, shown = f"/records/{person.ins}/authorisations/{DOCTOR}/chosen", deposited.document_id
        call = holder.call("PUT", path, {"documents": [str(shown)], "kinds": [{"class": "10"}]})
        refused(vault, lambda: vault.reader.choose(call, person.record_id, DOCTOR, [shown], []))
        call = holder.call("PUT", path, {"documents": [str(shown)], "kinds": [{"class": "10"}]})
        kinds = [DocumentKind("10")]
        assert isinstance(vault.reader.choose(call, person.record_id, DOCTOR, [shown], kinds), Chosen)
        path = f"/records/{person.ins}/documents/{deposited.document_id}/labels"
        call = holder.call("PUT", path, ["MASQUE_PS"])
        answer = vault.reader.label(call, person.record_id, deposited.document_id, ["MASQUE_PS"])
        assert isinstance(answer, Changed)

    def test_an_emergency_with_its_reason(
        self, vault: VaultBench, person: Person, doctor: Holder, deposited: Deposited
    ) -> None:
        vault.change(person, Action.REVOKE, DOCTOR)
        vault.allow(person)
        path = f"/records/{person.ins}/documents"
        call = doctor.call("GET", path, purpose=PurposeOfUse.BRIS_DE_GLACE, reason=REASON)
        assert isinstance(vault.reader.documents(call, person.record_id, rows_of(deposited)), Disclosed)


class TestATakenOverReader:
    def test_swaps_no_recipient(
        self, vault: VaultBench, person: Person, doctor: Holder, deposited: Deposited
    ) -> None:
        """The key in the body that the caller signed is the only one that a grant is sealed to."""
        (_, theirs), (_, mine) = new_recipient(), new_recipient()
        call = doctor.grant(person, theirs)
        rows = rows_of(deposited)

        def swapped() -> object:
            return vault.reader.release(call, person.record_id, rows, documents=None, recipient=mine)

        assert refused(vault, swapped) == "proof_mismatch"
        rewritten = json.loads(call.presented.body) | {"recipient": b64(mine)}  # type: ignore[union-attr]
        presented = replace(call.presented, body=json.dumps(rewritten).encode())  # type: ignore[type-var]
        call = replace(call, presented=presented)
        assert refused(vault, swapped) == "proof_invalid"

    @pytest.mark.parametrize(
        "change",
        [
            {"suite": 2},
            {"documents": None},
            {"documents": []},
            {"documents": [["other"], ["study"]]},
            {"documents": [["document", "other"], ["study"]]},
            {"documents": [["document"], ["study", "other"]]},
            {"documents": [["document"], ["study"], ["other"]]},
            {"documents": [["document"]]},
            {"documents": [["study"], ["document"]]},
        ],
        ids=str,
    )
    def test_widens_no_grant(
        self,
        vault: VaultBench,
        person: Person,
        doctor: Holder,
        deposited: Deposited,
        change: dict[str, Any],
    ) -> None:
        things = {
            "document": deposited,
            "other": vault.deposit(person, b"another"),
            "study": vault.deposit_study(person, STUDY),
        }
        ids = {name: each.document_id for name, each in things.items()}
        _, public = new_recipient()
        call = doctor.grant(person, public, documents=[str(ids["document"])], studies=[STUDY])
        asked: dict[str, Any] = {"suite": 1, "documents": [["document"], ["study"]]} | change
        wanted = asked["documents"]
        documents = None if wanted is None else [[ids[name] for name in thing] for thing in wanted]
        rows = [each.row for each in things.values()]

        def widened() -> object:
            return vault.reader.release(
                call, person.record_id, rows, documents=documents, recipient=public, suite=asked["suite"]
            )

        assert refused(vault, widened) == "proof_mismatch"

    def test_names_nothing_where_everything_was_asked_for(
        self, vault: VaultBench, person: Person, doctor: Holder, deposited: Deposited
    ) -> None:
        _, public = new_recipient()
        call, named = doctor.grant(person, public), [[deposited.document_id]]
        release = vault.reader.release
        rows = rows_of(deposited)
        assert (
            refused(vault, lambda: release(call, person.record_id, rows, documents=named, recipient=public))
            == "proof_mismatch"
        )

    def test_turns_to_no_other_record(self, vault: VaultBench, person: Person, doctor: Holder) -> None:
        other = vault.person()
        vault.authorise(person)
        vault.authorise(other)
        call = doctor.call("GET", f"/records/{person.ins}/documents")
        for verb in (
            lambda: vault.reader.resolve(call, other.ins),
            lambda: vault.reader.documents(call, other.record_id, []),
            lambda: vault.reader.documents(call, uuid4(), []),
        ):
            assert refused(vault, verb) == "proof_mismatch"
        _, public = new_recipient()
        grant = doctor.grant(person, public)

        def released() -> object:
            return vault.reader.release(grant, other.record_id, [], documents=None, recipient=public)

        assert refused(vault, released) == "proof_mismatch"

    def test_turns_no_list_into_another_verb(
        self, vault: VaultBench, person: Person, holder: Holder, deposited: Deposited
    ) -> None:
        call = holder.call("GET", f"/records/{person.ins}/documents")
        _, mine = new_recipient()
        record, document = person.record_id, deposited.document_id
        wanted = CardChange(action=Action.AUTHORISE, professional=STRANGER)
        for verb in (
            lambda: vault.reader.release(call, record, [deposited.row], documents=None, recipient=mine),
            lambda: vault.reader.change_card(call, record, wanted),
            lambda: vault.reader.label(call, record, document, []),
            lambda: vault.reader.choose(call, record, DOCTOR, [document], []),
            lambda: vault.reader.events(call, record),
            lambda: vault.reader.tokens(call, record, [(TokenField.STUDY, STUDY)]),
            lambda: vault.reader.renew(call, uuid4()),
            lambda: vault.reader.resolve(call, person.ins, Action.RETRIEVE),
        ):
            assert refused(vault, verb) == "proof_mismatch"

    @pytest.mark.parametrize(
        "wanted",
        [
            CardChange(action=Action.AUTHORISE, professional=STRANGER),
            CardChange(action=Action.AUTHORISE, professional=DOCTOR, permanent=True),
            CardChange(action=Action.AUTHORISE, professional=DOCTOR, until=2**40),
            CardChange(action=Action.BLOCK, professional=DOCTOR),
            CardChange(action=Action.SET_EMERGENCY, emergency=Emergency(True, True)),
        ],
        ids=lambda wanted: wanted.action.value,
    )
    def test_changes_no_choice(
        self, vault: VaultBench, person: Person, holder: Holder, wanted: CardChange
    ) -> None:
        call = holder.call("POST", f"/records/{person.ins}/authorisations", {"professional": DOCTOR})
        assert (
            refused(vault, lambda: vault.reader.change_card(call, person.record_id, wanted))
            == "proof_mismatch"
        )

    def test_makes_no_emergency_of_ordinary_care(
        self, vault: VaultBench, person: Person, doctor: Holder, deposited: Deposited
    ) -> None:
        path = f"/records/{person.ins}/documents"
        signed = doctor.call("GET", path, purpose=PurposeOfUse.BRIS_DE_GLACE, reason=REASON)
        ordinary = doctor.call("GET", path)
        for call in (
            replace(ordinary, purpose=PurposeOfUse.BRIS_DE_GLACE, reason=REASON),
            replace(signed, purpose=PurposeOfUse.NORMAL, reason=None),
            replace(signed, reason="the reader's own reason"),
        ):
            verb = partial(vault.reader.documents, call, person.record_id, [deposited.row])
            assert refused(vault, verb) == "proof_mismatch"

    def test_uses_a_proof_once(
        self, vault: VaultBench, person: Person, doctor: Holder, deposited: Deposited
    ) -> None:
        call = doctor.call("GET", f"/records/{person.ins}/documents")

        def listed(door: Any = vault.reader) -> object:
            return door.documents(call, person.record_id, rows_of(deposited))

        assert isinstance(listed(), Disclosed)
        assert refused(vault, listed) == "proof_replayed"
        # another copy of the vault on the same store remembers it too
        elsewhere = vault.another_process().reader
        with pytest.raises(CredentialError) as caught:
            listed(elsewhere)
        assert caught.value.code == "proof_replayed"

    def test_holds_a_token_that_is_nothing_without_its_key(
        self, vault: VaultBench, person: Person, doctor: Holder, deposited: Deposited
    ) -> None:
        _, mine = new_recipient()
        stolen = Holder(vault, Role.OPERATOR, "x")
        stolen.token = doctor.token
        for call, code in (
            (Call(token=doctor.token), "possession_required"),
            (stolen.grant(person, mine), "proof_invalid"),
        ):
            everything: dict[str, Any] = {"documents": None, "recipient": mine}
            verb = partial(vault.reader.release, call, person.record_id, [deposited.row], **everything)
            assert refused(vault, verb) == code

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("GET", "/dicomweb/studies", None),  # its record stands in the query, which no proof covers
            ("POST", "/grants", {"record": "x"}),
            ("POST", "/grants", [1]),
            ("POST", "/grants", {"record": "x", "recipient": "AA", "more": 1}),
            ("POST", "/grants/no-id/urls", None),
            ("DELETE", "/records/x", None),
            ("PATCH", "/records/x/emergency", {}),
            ("GET", "/records/%FF/documents", None),
            ("GET", "/records/x/documents/", None),
            ("GET", "/records/x/documents/more", None),
            ("GET", "/records/x/dicomweb/studies/1.2", None),
            ("GET", "/records/x%2Fdocuments", None),
            ("POST", "/records/x/documents", None),
            ("GET", "", None),
        ],
    )
    def test_puts_no_request_that_is_not_one(
        self, vault: VaultBench, doctor: Holder, method: str, path: str, body: Any
    ) -> None:
        call = doctor.call(method, path, body)
        assert refused(vault, lambda: vault.reader.resolve(call, "x")) == "proof_mismatch"


def test_used_proofs_are_forgotten_when_none_could_be_accepted(
    vault: VaultBench, person: Person, doctor: Holder
) -> None:
    vault.reader.resolve(doctor.call("GET", f"/records/{person.ins}/documents"), person.ins)
    assert vault.sql("SELECT used_for FROM proof") == [("resolve",)]
    vault.guard.housekeeper.expire()
    assert len(vault.sql("SELECT * FROM proof")) == 1
    vault.clock.advance(121)
    vault.guard.housekeeper.expire()
    assert vault.sql("SELECT * FROM proof") == []


def test_where_possession_is_required_no_bearer_is_accepted(vault: VaultBench, person: Person) -> None:
    strict = vault.another_process(require_possession=True)
    with pytest.raises(CredentialError) as caught:
        strict.reader.resolve(person.call, person.ins)
    assert caught.value.code == "possession_required"
    holder = Holder(vault, Role.PATIENT, person.ins, ins=INS(person.ins, INS_NIR_TEST))
    call = holder.call("GET", f"/records/{person.ins}/documents")
    assert isinstance(strict.reader.resolve(call, person.ins), ResolvedRecord)


class TestADeposit:
    CONTENT = b"%PDF-1.7 compte rendu"

    def receive(
        self,
        vault: VaultBench,
        person: Person,
        lab: Holder,
        *,
        path: str | None = None,
        content: bytes = CONTENT,
        proof: str | None = None,
    ) -> Received:
        """Like an intake that checks nothing itself."""
        url = ORIGIN + (path or f"/records/{person.ins}/dicomweb/studies")
        parts = [hashlib.sha256(self.CONTENT).digest()]
        proof = proof or lab.key.proof(lab.token, "POST", url, body=None, parts=parts)
        presented = PresentedProof(proof, "POST", url)
        actor = verify_token(
            lab.token,
            presented,
            issuers=IssuerList((vault.issuer,)),
            audience=vault.settings.audience,
            at=int(vault.clock()),
            environment=vault.settings.environment,
        ).actor
        pinned = vault.public_key("reception")
        reception = Reception(
            vault.index, vault.objects, pinned=pinned, bell=lambda _: None, clock=vault.clock
        )
        deposit = reception.begin(
            Depositor.of(lab.token, actor, presented), person.ins, SubmissionHeaders(kind="dicom")
        )
        deposit.start_part()
        deposit.write(content)
        deposit.end_part()
        submission_id = reception.finish(deposit)
        row = vault.index.submission(submission_id)
        assert row is not None
        return Received(row, tuple(vault.index.blobs(submission_id)))

    @pytest.fixture
    def lab(self, vault: VaultBench) -> Holder:
        return Holder(vault, Role.DEPOSITOR, LABORATORY, structure=LABORATORY)

    def test_of_the_parts_that_were_signed(self, vault: VaultBench, person: Person, lab: Holder) -> None:
        received = self.receive(vault, person, lab)
        taken = vault.take(received)
        assert isinstance(taken, ForIngest)
        assert taken.envelope.headers == {"kind": "dicom"}  # a worker gets neither token nor proof
        vault.clock.advance(3600)
        assert isinstance(vault.take(received, "another worker"), ForIngest)

    def test_is_adopted(self, vault: VaultBench, person: Person, lab: Holder) -> None:
        received = self.receive(vault, person, lab)
        assert isinstance(vault.take(received), ForIngest)
        adopted = vault.worker.adopt(vault.request(received, person.ins, self.CONTENT))
        assert not isinstance(adopted, Denied)

    def test_of_other_bytes(self, vault: VaultBench, person: Person, lab: Holder) -> None:
        assert isinstance(vault.take(self.receive(vault, person, lab, content=b"others")), Denied)

    def test_into_another_record(self, vault: VaultBench, person: Person, lab: Holder) -> None:
        path = f"/records/{vault.person().ins}/dicomweb/studies"
        assert isinstance(vault.take(self.receive(vault, person, lab, path=path)), Denied)
        assert isinstance(vault.take(self.receive(vault, person, lab, path="/grants")), Denied)

    def test_twice(self, vault: VaultBench, person: Person, lab: Holder) -> None:
        url = f"{ORIGIN}/records/{person.ins}/dicomweb/studies"
        parts = [hashlib.sha256(self.CONTENT).digest()]
        proof = lab.key.proof(lab.token, "POST", url, body=None, parts=parts)
        first, second = (self.receive(vault, person, lab, proof=proof) for _ in range(2))
        assert isinstance(vault.take(first), ForIngest)
        assert isinstance(vault.take(second), Denied)
        assert isinstance(vault.take(first), ForIngest)

    def test_with_a_stolen_token_alone(self, vault: VaultBench, person: Person, lab: Holder) -> None:
        actor = replace(vault.actor(vault.depositor()), subject=LABORATORY)
        pinned = vault.public_key("reception")
        reception = Reception(
            vault.index, vault.objects, pinned=pinned, bell=lambda _: None, clock=vault.clock
        )
        deposit = reception.begin(Depositor.of(lab.token, actor), person.ins, SubmissionHeaders(kind="dicom"))
        deposit.start_part()
        deposit.write(self.CONTENT)
        deposit.end_part()
        submission_id = reception.finish(deposit)
        row = vault.index.submission(submission_id)
        assert row is not None
        received = Received(row, tuple(vault.index.blobs(submission_id)))
        assert isinstance(vault.take(received), Denied)


class TestOperatorsOverHTTP:
    @pytest.fixture
    def operator(self, vault: VaultBench) -> Holder:
        return Holder(vault, Role.OPERATOR, "anne")

    def test_signs_what_quarantine_is_asked(self, vault: VaultBench, operator: Holder) -> None:
        verbs = vault.another_process(require_possession=True).operator
        document = uuid4()
        assert verbs.quarantined(operator.call("GET", "/quarantine"), [document]) == ()
        assert verbs.quarantined(operator.call("GET", f"/quarantine/{document}"), [document]) == ()
        body = {"reason": "Contrôle de la procédure"}
        for path, verb in (
            (
                f"/quarantine/{document}/destroy",
                lambda call: verbs.destroy_quarantined(call, document, WHY),
            ),
            (
                f"/quarantine/{document}/release",
                lambda call: verbs.release_quarantined(call, document, "ins", WHY),
            ),
        ):
            sent = body if path.endswith("destroy") else {"record": "ins", **body}
            with pytest.raises(CoffreError) as answered:  # judged, and then nothing found
                verb(operator.call("POST", path, sent))
            assert answered.value.code in ("not_quarantined", "bad_ins")

    def test_turns_to_no_other_document_reason_or_verb(self, vault: VaultBench, operator: Holder) -> None:
        verbs = vault.guard.operator
        document, other = uuid4(), uuid4()
        body = {"reason": "Contrôle de la procédure"}

        def signed() -> Call:
            return operator.call("POST", f"/quarantine/{document}/destroy", body)

        for verb in (
            lambda: verbs.destroy_quarantined(signed(), other, body["reason"]),
            lambda: verbs.destroy_quarantined(signed(), document, "Une autre raison"),
            lambda: verbs.release_quarantined(signed(), document, "ins", body["reason"]),
            lambda: verbs.quarantined(signed(), [document]),
            lambda: verbs.quarantined(operator.call("GET", f"/quarantine/{document}"), [other]),
        ):
            assert refused(vault, verb) == "proof_mismatch"

    def test_a_bearer_is_refused_where_bearers_are(self, vault: VaultBench) -> None:
        verbs = vault.another_process(require_possession=True).operator
        document = uuid4()
        for verb in (
            lambda: verbs.quarantined(vault.operator(), [document]),
            lambda: verbs.destroy_quarantined(vault.operator(), document, "Contrôle de la procédure"),
            lambda: verbs.release_quarantined(vault.operator(), document, "ins", "Contrôle de la procédure"),
        ):
            assert refused(vault, verb) == "possession_required"
        assert verbs.issue_identity(vault.operator(), "patient") is None
