"""The caller of a verb: a bearer, or the holder of a key who signed this very request.

A process that relays a signed request can shorten what it leads to; it can neither put other arguments to the
vault, nor another verb, nor the same one twice (docs/adr/0010-possession.md).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from keyvault.context import Vault
from keyvault.credentials.possession_proof import (
    DEPOSIT,
    OLDEST,
    PresentedProof,
    Proof,
    called_verb,
    proof_replayed,
)
from keyvault.credentials.refusing import CredentialError
from keyvault.crypto.search_tokens import TokenField
from keyvault.keys.reception import Envelope
from keyvault.store import VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.call import Call
from keyvault.verbs.signed.request import SignedRequest, SignedThings
from keyvault.verbs.signed.routes import read_signed_request
from records.errors import CoffreError, Invalid
from records.people.actors import Actor
from records.vocabulary.codes import PurposeOfUse

_NEXT_LABEL = b"coffre-proof-next-v1\0"
_DEPOSIT_KEPT = 49 * 3600  # longer than a credential is accepted after reception


def caller(vault: Vault, call: Call, verb: str, **arguments: object) -> Actor:
    """Verify the credential of a call of `verb`, to which HTTP leads.

    Raises `CredentialError`, after its line in the log.
    """

    def admit(proof: Proof) -> None:
        assert call.presented is not None
        proof.check_body(call.presented.body)
        _admit(vault, call, call.presented, proof, verb, arguments)

    return vault.actor(
        call.token, presented=call.presented, certificate=call.certificate, admit=admit, bound=True
    )


def _admit(
    vault: Vault,
    call: Call,
    presented: PresentedProof,
    proof: Proof,
    verb: str,
    arguments: Mapping[str, object],
) -> None:
    try:
        signed = read_signed_request(presented.method, presented.url, presented.body)
        fixed = signed.verbs[verb]
    except (Invalid, KeyError, ValueError):
        raise _mismatch() from None
    stated = (proof.purpose or PurposeOfUse.NORMAL.value, proof.reason)
    if signed.stated is not None:
        stated = signed.stated
    if stated != (call.purpose.value, call.reason):
        raise _mismatch()
    if any(_plain(arguments[name]) != _plain(value) for name, value in fixed.items()):
        raise _mismatch()
    with vault.store.writing() as tx:
        _check_record(vault, tx, signed, arguments)
        row = {"digest": proof.seen(verb), "used_for": verb, "expires": proof.made_at + 2 * OLDEST}
        if not tx.insert_new("proof", row) and not _is_allowed_next(tx, presented, verb, arguments):
            raise proof_replayed()


def allow_next(transaction: Transaction, call: Call, verb: str, after: object) -> None:
    """Let the signed request of this call go on: `verb` once more, and from `after` on alone."""
    if call.presented is not None:
        digest, expires = _next(call.presented, verb, after), transaction.now + 2 * OLDEST
        row = {"digest": digest, "used_for": verb, "expires": expires}
        transaction.rows.insert_new("proof", row)


def _is_allowed_next(
    tx: VaultTransaction, presented: PresentedProof, verb: str, arguments: Mapping[str, object]
) -> bool:
    """Whether the vault itself said that the request goes on there; it is said once."""
    if "after" not in arguments:
        return False
    return tx.delete("proof", digest=_next(presented, verb, arguments["after"])) == 1


def _next(presented: PresentedProof, verb: str, after: object) -> bytes:
    named = f"{verb} {after}".encode()
    return hashlib.sha256(_NEXT_LABEL + presented.proof.encode() + b"\0" + named).digest()


def _check_record(
    vault: Vault, tx: VaultTransaction, signed: SignedRequest, arguments: Mapping[str, Any]
) -> None:
    """The internal ids of a call belong to what the request names."""
    if "record_id" not in arguments or signed.locator is None:
        return
    try:
        row = vault.find_record(tx, signed.locator)
    except CoffreError:
        row = None
    if row is None or row["record_id"] != arguments["record_id"]:
        raise _mismatch()
    if signed.things is not None and "documents" in arguments:
        _check_documents(vault, tx, row["record_id"], signed.things, arguments["documents"])


def _check_documents(
    vault: Vault,
    tx: VaultTransaction,
    record_id: UUID,
    named: SignedThings,
    things: Sequence[Sequence[UUID]] | None,
) -> None:
    """The documents that the request names, then for each study some that belong to it; or everything."""
    everything = not named.documents and not named.studies
    if things is None or everything:
        if not everything or things is not None:
            raise _mismatch()
        return
    singles, groups = things[: len(named.documents)], things[len(named.documents) :]
    if _plain(singles) != [[document] for document in named.documents] or len(groups) != len(named.studies):
        raise _mismatch()
    for study, group in zip(named.studies, groups, strict=True):
        token = vault.token(TokenField.STUDY, study)
        known = tx.find("document", record_id=record_id, study_token=token)
        if not {*group} <= {each["document_id"] for each in known}:
            raise _mismatch()


def admit_deposit(
    transaction: Transaction, envelope: Envelope, presented: PresentedProof, proof: Proof
) -> None:
    """A deposit is of the parts, and into the record, that its depositor signed; and is made once.

    Raises `CredentialError`.
    """
    proof.check_parts(part.sha256 for part in envelope.parts)
    if called_verb(presented.url) == DEPOSIT:
        _admit_once(transaction, envelope, proof)
        return
    match [presented.method, *(unquote(part) for part in urlsplit(presented.url).path.split("/")[1:])]:
        case ["POST", "records", record, "dicomweb", "studies", *study] if record == envelope.ins:
            _check_study(study, envelope)
        case ["POST", "dicomweb", "studies", *study] if envelope.ins is None:
            _check_study(study, envelope)
        case ["POST", "fhir", "DocumentReference"]:
            pass  # the record is named in the body, which intake alone has seen
        case _:
            raise _mismatch()
    _admit_once(transaction, envelope, proof)


def _admit_once(transaction: Transaction, envelope: Envelope, proof: Proof) -> None:
    use = str(envelope.submission_id)
    digest = proof.seen("deposit")
    row = {"digest": digest, "used_for": use, "expires": envelope.received + _DEPOSIT_KEPT}
    if transaction.rows.insert_new("proof", row):
        return
    known = transaction.rows.get("proof", digest=digest)
    if known is None or known["used_for"] != use:  # a worker may come again for the same submission
        raise proof_replayed()


def _check_study(named: Sequence[str], envelope: Envelope) -> None:
    """An address may name the study that all instances belong to (PS3.18 table 10.5.1-1)."""
    study = envelope.headers.get("study")
    if [*named] != ([] if study is None else [study]):
        raise _mismatch()


def _plain(value: Any) -> Any:
    """Values that are equal where they mean the same."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value


def _mismatch() -> CredentialError:
    return CredentialError(
        "The proof of possession is for another request than what the vault is asked: send the record in the "
        "path, and a proof made for this request.",
        code="proof_mismatch",
    )
