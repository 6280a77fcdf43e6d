"""The bytes that outlive the code: golden files, made without it (tests/vectors)."""

import hashlib
import hmac
import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

from audit.canonical import canonical
from keyvault.credentials import tokens as credentials
from keyvault.credentials import withdrawn
from keyvault.credentials.issuers import IssuerList, first_issuer, issuer_from_json, issuer_to_json
from keyvault.credentials.issuers_document import verify_issuers
from keyvault.credentials.withdrawn import CredentialName
from keyvault.crypto import search_tokens as tokens
from keyvault.crypto.blob_opener import Opener
from keyvault.crypto.envelope import (
    Branch,
    KeyUse,
    KeyvaultError,
    unwrap_object_key,
    unwrap_record_key,
)
from keyvault.crypto.sealed_blob import BlobKind, BlobRef, ciphertext_size, commitment
from keyvault.crypto.sealed_json import (
    authorisation_aad,
    card_aad,
    choice_card_aad,
    circle_aad,
    contact_aad,
    contact_code_aad,
    details_aad,
    event_aad,
    facts_aad,
    issuer_aad,
    notice_aad,
    open_details,
    open_json,
    open_packed,
    packed_details_aad,
    stated_card_aad,
    summary_aad,
)
from keyvault.crypto.signing import key_id
from keyvault.grants.body import read_body
from keyvault.grants.grant import open_grant
from keyvault.grants.signed_urls import sign_url
from keyvault.keys.cards import OpenedCard, open_facts, read_card
from keyvault.keys.choices import open_authorisation, open_circle, person_of
from keyvault.keys.clocks import clock_aad, open_clock
from keyvault.keys.contacts import Code
from keyvault.keys.reception import ReceivedKey, depositor_token, open_envelope, open_key
from keyvault.keys.reception_keys import verify_reception_key
from keyvault.keys.secret_keys import SecretKeys, Use
from keyvault.log.accountability import open_own, own_token, own_tokens
from keyvault.restore.second_place import Checkpoints, read_segment, segment_name
from keyvault.roots.file import FileRoot
from keyvault.verbs.notice_outbox import HOLDER, hourly_id
from keyvault.verbs.reader.grants.kept_grants import KeptGrant, row_aad
from records.documents.announcing import Step
from records.errors import CoffreError
from records.notices import NoticeKind
from records.people.actors import Actor
from records.people.contacts import ContactKind
from records.text.base64url import unb64
from records.vocabulary.codes import Environment, RecordState, Role
from storage.objects.kept_files import KeptFiles
from tests.unit.keyvault.sealing import opened, sealer_with
from tests.unit.records.earlier_cards import earlier_json

VECTORS = Path(__file__).parents[2] / "vectors"
NOW = 1_800_000_001


def load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def made(digits: str) -> bytes:
    return bytes.fromhex(digits)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_vectors", VECTORS / "make_vectors.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_still_makes_these_files(script: ModuleType) -> None:
    for name, content in script.build().items():
        assert (VECTORS / name).read_text(encoding="utf-8") == script.written(content), name


@pytest.mark.parametrize("case", load("blobs.json"), ids=lambda case: str(case["plaintext_size"]))
def test_blobs(case: dict[str, Any], script: ModuleType) -> None:
    ref = BlobRef(UUID(case["blob"]), case["version"], BlobKind(case["kind"]))
    dek, header = made(case["dek"]), made(case["header"])
    plain = script.stream(case["plaintext_stream"], case["plaintext_size"])
    assert ref.aad.hex() == case["aad"]
    assert commitment(dek, ref).hex() == case["commitment"]
    assert ciphertext_size(len(plain)) == case["ciphertext_size"]
    sealer = sealer_with(ref, dek, header)
    cipher = bytes(sealer.update(plain)) + sealer.finish()
    assert hashlib.sha256(cipher).hexdigest() == case["ciphertext_sha256"]
    assert case.get("ciphertext", cipher.hex()) == cipher.hex()
    assert opened(Opener(sealer.sealed, dek), sealer.sealed, cipher) == plain


def test_keys() -> None:
    case = load("keys.json")
    record, item = UUID(case["record"]), UUID(case["object"])
    for branch in case["branches"]:
        opened = unwrap_record_key(
            made(case["shard_key"]),
            made(branch["wrapped"]),
            branch=Branch(branch["branch"]),
            record_id=record,
            key_version=case["key_version"],
            shard_version=case["shard_version"],
        )
        assert opened.hex() == case["record_key"]
    for use in case["uses"]:
        opened = unwrap_object_key(
            made(case["record_key"]),
            made(use["wrapped"]),
            use=KeyUse(use["use"]),
            record_id=record,
            key_version=case["key_version"],
            object_id=item,
            version=case["version"],
            commitment=made(case["commitment"]) if use["use"] == KeyUse.DATA else None,
        )
        assert opened.hex() == case["key"]


def test_sealed_json() -> None:
    case = load("keys.json")
    record, item = UUID(case["record"]), UUID(case["object"])
    aads = {
        "card": card_aad(record, item, 2),
        "details": details_aad(item, 2),
        "event": event_aad(record, 1, 5),
    }
    for row in case["sealed_json"]:
        assert open_json(made(case["key"]), made(row["sealed"]), aads[row["of"]]) == row["payload"]


def test_packed_json() -> None:
    case = load("packed.json")
    record, item, key = UUID(case["record"]), UUID(case["object"]), made(case["key"])
    aads = {"details": packed_details_aad(item, 2), "summary": summary_aad(record, item, 2)}
    for row in case["rows"]:
        assert open_packed(key, made(row["sealed"]), aads[row["of"]]) == case["payload"]
    sealed = {row["of"]: made(row["sealed"]) for row in case["rows"]}
    assert open_details(key, sealed["details"], item, 2) == case["payload"]


def test_details_of_the_first_form_open_beside_the_present_one() -> None:
    case = load("keys.json")
    (row,) = (row for row in case["sealed_json"] if row["of"] == "details")
    assert open_details(made(case["key"]), made(row["sealed"]), UUID(case["object"]), 2) == row["payload"]


@pytest.mark.parametrize("card", load("cards.json")["cards"], ids=lambda card: card["label"])
def test_cards(card: dict[str, Any]) -> None:
    """A card is read under its own label alone; the first format says nothing of the record's state."""
    case = load("cards.json")
    record, key, sealed = UUID(case["record"]), made(case["key"]), made(card["sealed"])
    aads = {
        "coffre-card-v1": card_aad(record, record, case["version"]),
        "coffre-card-v2": stated_card_aad(record, case["version"]),
        "coffre-card-v3": choice_card_aad(record, case["version"]),
    }
    assert hashlib.sha256(sealed).hexdigest() == card["digest"]
    assert open_json(key, sealed, aads.pop(card["label"])) == card["content"]
    for other in aads.values():
        with pytest.raises(KeyvaultError):
            open_json(key, sealed, other)
    state = card["content"].get("state", "active")
    row = {
        "record_id": record,
        "card": sealed,
        "card_version": case["version"],
        "card_digest": made(card["digest"]),
        "state": state,
    }
    opened = read_card(key, row)
    assert opened.state is RecordState(state) and opened.card is not None
    written = opened.card.to_json() if card["label"] == "coffre-card-v3" else earlier_json(opened.card)
    assert written | ({"state": state} if "state" in card["content"] else {}) == card["content"]
    for flipped in set(RecordState) - {opened.state}:
        with pytest.raises(CoffreError) as refused:
            read_card(key, row | {"state": flipped.value})
        assert refused.value.code == "card_altered"


def test_choices() -> None:
    """Rows about a professional and about a circle open in their place, and under no other label."""
    case = load("choices.json")
    record, key, version = UUID(case["record"]), made(case["key"]), case["version"]
    opened = OpenedCard(record, 1, None, key)
    assert person_of(opened, case["professional"]).hex() == case["person"]
    person, circle = made(case["person"]), UUID(case["circle"])
    rows = {row["label"]: row for row in case["rows"]}
    given, team = rows["coffre-authorisation-v1"], rows["coffre-circle-v1"]
    for row, aad, other in (
        (given, authorisation_aad(record, person, version), authorisation_aad(record, person, version + 1)),
        (team, circle_aad(record, circle, version), circle_aad(record, record, version)),
    ):
        sealed = made(row["sealed"])
        assert hashlib.sha256(sealed).hexdigest() == row["digest"]
        assert open_json(key, sealed, aad) == row["content"]
        with pytest.raises(KeyvaultError):
            open_json(key, sealed, other)
    columns = [
        {"version": version, "state": "live", "ends_on": row["ends_on"], "sealed": made(row["sealed"])}
        | {"digest": made(row["digest"])}
        for row in (given, team)
    ]
    found = open_authorisation(opened, {"person": person, **columns[0]})
    assert found.to_json() == given["content"]
    assert open_circle(opened, {"circle_id": circle, **columns[1]}).to_json() == team["content"]


@pytest.mark.parametrize("form", load("facts.json")["facts"], ids=lambda form: form["label"])
def test_facts(form: dict[str, Any]) -> None:
    """Facts of either form are read under their own label alone."""
    case = load("facts.json")
    record, document, key = UUID(case["record"]), UUID(case["document"]), made(case["key"])
    sealed, version = made(form["sealed"]), case["version"]
    assert hashlib.sha256(sealed).hexdigest() == form["digest"]
    aads = {"coffre-card-v1": card_aad, "coffre-facts-v2": facts_aad}
    assert open_json(key, sealed, aads.pop(form["label"])(record, document, version)) == form["content"]
    for other in aads.values():
        with pytest.raises(KeyvaultError):
            open_json(key, sealed, other(record, document, version))
    row = {
        "document_id": document,
        "facts": sealed,
        "facts_version": version,
        "facts_digest": made(form["digest"]),
    }
    found = open_facts(OpenedCard(record, 1, None, key), [row])[document]
    assert found.to_json() | form["content"] == found.to_json()
    assert found.class_code == "10"


TOLD = load("told.json")


@pytest.mark.parametrize("row", TOLD["rows"], ids=lambda row: row["label"])
def test_what_tells_a_holder_opens_in_its_place_alone(row: dict[str, Any]) -> None:
    """Contact, code, clock and notice: each under its own label, and bound to where it stands."""
    record, clock, notice = (UUID(TOLD[name]) for name in ("record", "clock", "notice"))
    key, sealed, version, due_at = made(TOLD["key"]), made(row["sealed"]), TOLD["version"], TOLD["due_at"]
    email, telephone = ContactKind.EMAIL, ContactKind.TELEPHONE
    aads = {
        "coffre-contact-v1": contact_aad(record, email, version),
        "coffre-contact-code-v1": contact_code_aad(record, email),
        "coffre-clock-v1": clock_aad(record, clock, due_at),
        "coffre-notice-v2": notice_aad(record, notice),
    }
    assert open_json(key, sealed, aads.pop(row["label"])) == row["content"]
    elsewhere = [
        contact_aad(record, email, version + 1),
        contact_aad(record, telephone, version),
        contact_code_aad(record, telephone),
        clock_aad(record, clock, due_at + 1),
        clock_aad(record, notice, due_at),
        notice_aad(record, clock),
        notice_aad(notice, notice),
    ]
    for other in [*aads.values(), *elsewhere]:
        with pytest.raises(KeyvaultError):
            open_json(key, sealed, other)


def test_a_code_a_clock_and_an_hourly_notice_are_read_as_written() -> None:
    rows = {row["label"]: row for row in TOLD["rows"]}
    opened = OpenedCard(UUID(TOLD["record"]), 1, None, made(TOLD["key"]))
    kept = rows["coffre-contact-code-v1"]["content"]
    code = Code(unb64(kept["salt"]), unb64(kept["digest"]), kept["until"], kept["tries_left"])
    assert code.is_of(TOLD["code"]) and not code.is_of("042138")
    clock = {"clock_id": UUID(TOLD["clock"]), "due_at": TOLD["due_at"]}
    found = open_clock(opened, {**clock, "sealed": made(rows["coffre-clock-v1"]["sealed"])})
    assert (found.clock.document, found.clock.step) == (UUID(TOLD["document"]), Step.NOTICE)
    assert found.clock.to_json() == rows["coffre-clock-v1"]["content"]
    assert len(canonical(rows["coffre-notice-v2"]["content"])) == 448
    assert hourly_id(opened, TOLD["created_at"], NoticeKind.DEPOSIT, HOLDER) == UUID(TOLD["hourly"])


def test_tokens_addresses_and_depositors() -> None:
    case = load("tokens.json")
    key, part, url = made(case["index_key"]), case["part"], case["url"]
    assert {row["field"] for row in case["tokens"]} | {"part", "identifier", "structure"} == {
        field.value for field in tokens.TokenField
    }
    for row in case["tokens"]:
        assert tokens.token(key, tokens.TokenField(row["field"]), row["value"]).hex() == row["token"]
    value = tokens.part_value(UUID(part["record"]), part["structure"], made(part["sha256"]))
    assert tokens.token(key, tokens.TokenField.PART, value).hex() == part["token"]
    own = case["identifier"]
    digest = hashlib.sha256(canonical([own["system"], own["value"]])).digest()
    value = tokens.part_value(UUID(own["record"]), own["structure"], digest)
    assert tokens.token(key, tokens.TokenField.IDENTIFIER, value).hex() == own["token"]
    whose = case["structure"]
    assert tokens.token(key, tokens.TokenField.STRUCTURE, whose["structure"]).hex() == whose["token"]
    place = (UUID(url["grant"]), UUID(url["blob"]), url["version"], url["exp"])
    assert sign_url(made(url["key"]), *place).hex() == url["signature"]
    assert depositor_token(*case["depositor"]["of"]).hex() == case["depositor"]["token"]


def test_reception() -> None:
    case = load("reception.json")
    private, submission = made(case["private"]), UUID(case["submission"])
    key = verify_reception_key(case["document"], made(case["signer_public"]), NOW)
    assert (key.day, key.not_after) == ("2027-01-15", 1800086400)
    ref = BlobRef(UUID(case["blob"]), 1, BlobKind.PACK)
    expected = ReceivedKey(submission, ref, made(case["depositor_token"]), made(case["dek"]))
    assert open_key(private, made(case["sealed_key"])) == expected
    envelope, written = open_envelope(private, made(case["sealed_envelope"]), submission), case["envelope"]
    assert (envelope.credential, envelope.received, envelope.ins, envelope.headers) == (
        written["credential"],
        written["received"],
        written["ins"],
        written["headers"],
    )
    assert [part.name for part in envelope.parts] == ["a", None]
    assert [(part.offset, part.length) for part in envelope.parts] == [(0, 12), (12, 3)]


@pytest.mark.parametrize("grant", load("grants.json")["grants"], ids=lambda grant: f"suite {grant['suite']}")
def test_grants(grant: dict[str, Any]) -> None:
    """Suite 2 was sealed with RFC 9180 written out by hand."""
    case = load("grants.json")
    signer = made(case["signer_public"])
    body = open_grant(grant, made(case["recipient_private"]), {key_id(signer): signer}, NOW)
    assert body == read_body(case["body"])


def test_credentials() -> None:
    case = load("credentials.json")
    claims = case["claims"]
    authority = first_issuer(claims["iss"], made(case["authority_public"]), Environment.DEMO)
    actor = credentials.verify(
        case["token"],
        issuers=IssuerList((authority,)),
        audience=claims["aud"],
        at=NOW,
        environment=Environment.DEMO,
    )
    assert (actor.subject, actor.rpps, actor.credential_id) == (claims["sub"], claims["rpps"], claims["jti"])


@pytest.mark.parametrize("label", ["shipped.json", "shipped-v2.json"])
def test_what_is_shipped_to_the_second_place(label: str, tmp_path: Path) -> None:
    case = load(label)
    place, segment = KeptFiles(tmp_path), case["segment"]
    place.put_locked(case["checkpoint_name"], segment["note"].encode(), NOW)
    place.put_locked(case["segment_name"], made(case["sealed"]), NOW)
    checkpoints = Checkpoints(place, case["origin"], made(case["signer_public"]))
    kept = checkpoints.at(segment["number"])
    assert kept is not None and kept.checkpoint.size == segment["stop"]
    found = read_segment(place, made(case["key"]), case["origin"], segment["number"], segment["part"])
    assert found is not None
    read = {name: getattr(found, name) for name in found.__slots__}
    assert read == {name: value for name, value in segment.items() if name not in ("format", "signed_at")}
    place.put_locked(segment_name(9, 0), made(case["sealed"]), NOW)
    with pytest.raises(KeyvaultError) as refused:
        read_segment(place, made(case["key"]), case["origin"], 9, 0)
    assert refused.value.code == "unseal_failed"


def test_a_secret_key_serves_each_use_by_a_key_of_its_own() -> None:
    case = load("accountability.json")
    keys = SecretKeys({1: made(case["key"]), 2: made(case["key"])})
    for use in Use:
        if use in (Use.REFUSAL, Use.ISSUER):  # later labels, with vectors of their own
            continue
        assert keys.key(use, 1) == made(case["key"])
        assert keys.key(use) == keys.key(use, 2) == made(case["by_use"][use.value])
    assert len(set(case["by_use"].values()) | {case["key"]}) == len(Use) - 1


def test_issuers_as_they_are_kept_and_signed() -> None:
    case = load("issuers.json")
    keys = SecretKeys({2: made(case["key"])})
    assert keys.key(Use.ISSUER) == made(case["by_use"]["issuer"])
    issuer = issuer_from_json(case["issuer"])
    aad = issuer_aad(issuer.name, issuer.key_id, case["version"])
    assert keys.open(Use.ISSUER, made(case["sealed"]), aad) == case["content"]
    assert issuer.key_id == case["key_id"] and issuer_to_json(issuer) == case["issuer"]
    listed = verify_issuers(case["document"], made(case["signing_public"]), NOW)
    assert listed == IssuerList((issuer,))


def test_an_operators_hardware_key_as_it_is_kept_and_signs() -> None:
    case = load("hardware-keys.json")
    issuer = issuer_from_json(case["issuer"])
    aad = issuer_aad(issuer.name, issuer.key_id, case["version"], is_hardware=True)
    assert SecretKeys({2: made(case["key"])}).open(Use.ISSUER, made(case["sealed"]), aad) == case["content"]
    assert issuer.key_id == case["key_id"] and issuer_to_json(issuer) == case["issuer"]
    actor = credentials.verify(
        case["token"],
        issuers=IssuerList((issuer,)),
        audience="coffre/test",
        at=1_800_000_000,
        environment=Environment.TEST,
    )
    assert actor.subject == "operator:alice"


def test_a_count_of_refusals_is_kept_under_a_name_that_tells_nobody_and_sealed() -> None:
    case = load("refusals.json")
    keys = SecretKeys({2: made(case["key"])})
    assert keys.key(Use.REFUSAL) == made(case["by_use"]["refusal"])
    named = canonical([case["place"], case["actor"], case["kind"]])
    name = hmac.digest(made(case["index"]), b"coffre-refusal-v1\x00" + named, "sha256")
    assert name == made(case["name"])
    assert keys.open(Use.REFUSAL, made(case["sealed"]), b"coffre-refusal-v1\x00" + name) == case["told"]


def test_grants_are_kept_bound_to_what_their_decision_rests_on() -> None:
    case = load("grant-rows.json")
    keys = SecretKeys({2: made(case["key"])})
    row = case["row"]
    row |= {name: UUID(row[name]) for name in ("grant_id", "record_id")}
    row |= {name: made(row[name]) for name in ("credential", "holder")}
    present = keys.open(Use.GRANT, made(case["sealed"]["coffre-grant-row-v2"]), row_aad(row))
    kept = KeptGrant.of_json(present)
    assert present == kept.to_json() == case["kept"] | {"refused": case["refused"]}
    former = row | {"record_epoch": None}
    opened = keys.open(Use.GRANT, made(case["sealed"]["coffre-grant-row-v1"]), row_aad(former))
    assert opened == KeptGrant.of_json(opened).to_json() == case["kept"]

    def pseudonym(label: bytes, value: bytes) -> bytes:
        return hmac.digest(made(case["index"]), label + b"\x00" + value, "sha256")

    credential, holder = withdrawn.names_of(kept.actor, pseudonym)
    assert credential == row["credential"]
    assert holder == pseudonym(b"coffre-withdrawn-person-v1", canonical(kept.actor.person))
    # a withdrawal names what former versions kept, too
    former = CredentialName(
        kept.actor.issuer, subject=kept.actor.subject, structure=kept.actor.structure or ""
    )
    assert former.key(pseudonym) == row["holder"]


class _Keyring:
    """The one part of a keyring that accountability asks for."""

    def __init__(self, versions: dict[int, bytes]) -> None:
        self.accountability = SecretKeys(versions)


def test_own_lines_are_found_and_opened_under_each_version_of_the_key() -> None:
    case = load("accountability.json")
    keyring: Any = _Keyring({1: made(case["key"]), 2: made(case["key"])})
    issuer, subject, structure = case["actor"]
    actor = Actor(role=Role.PROFESSIONAL, issuer=issuer, subject=subject, structure=structure)
    tokens = {version: made(token) for version, token in case["tokens"].items()}
    present = own_token(keyring, actor)
    found = own_tokens(keyring, actor, issuer)
    assert found[0] == present and found[2:] == [tokens["2"], tokens["1"]]
    named = load("issuers.json")
    other: Any = _Keyring({2: made(named["key"])})
    professional = replace(actor, rpps=named["person"][1])
    assert own_token(other, professional) == made(named["own_token"])
    place = (UUID(case["chain_id"]), case["chain"], case["seq"])
    for label, version in (("coffre-own-v1", "1"), ("coffre-own-v2", "2")):
        assert open_own(keyring, place, tokens[version], made(case["sealed"][label])) == case["line"]
    with pytest.raises(KeyvaultError):
        open_own(keyring, place, tokens["1"], made(case["sealed"]["coffre-own-v2"]))


@pytest.mark.parametrize("kind", ["open", "locked"])
def test_roots(kind: str, tmp_path: Path) -> None:
    case = load("roots.json")
    path = tmp_path / "root.json"
    path.touch(0o600)
    path.write_text(json.dumps(case[kind]))
    root = FileRoot.open(path, case["passphrase"] if kind == "locked" else None)
    assert root.unwrap(made(case["wrapped"]), case["context"].encode()).hex() == case["key"]
