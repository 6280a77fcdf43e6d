"""Credentials with the proof that their key asks for (RFC 9449 section 7.1, RFC 7800 section 3).

A credential that names a key (`cnf`) is never a bearer's. What a proof is used for is remembered by the vault
(`keyvault/verbs/caller.py`).
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keyvault.credentials.claims import Binding, Confirmation
from keyvault.credentials.issuers import Issuer, Issuers
from keyvault.credentials.possession_proof import OLDEST, PresentedProof, Proof, proof_invalid, verify_proof
from keyvault.credentials.refusing import CredentialError
from keyvault.credentials.tokens import Credential, verify_bound
from keyvault.crypto.members import members, text
from records.people.actors import Actor
from records.vocabulary.codes import Environment, Role

LONGEST_UPLOAD = 900
"""Seconds by which a deposit's proof may be older than its reception, as the vault sees it."""
LARGEST_BODY = 2**20
HEADER = "proof"
"""The member of an envelope's headers that holds a depositor's proof."""
CERTIFICATE = "certificate"
"""The member that holds the thumbprint of a depositor's client certificate."""


def presented_with(credential: Credential) -> PresentedProof | None:
    """The request that the credential's proof is for, where there is one."""
    if credential.proof is None:
        return None
    return PresentedProof(credential.proof, credential.method, credential.url, credential.body)


@dataclass(frozen=True, slots=True)
class Verified:
    """An actor, the proof that its credential's key made (None without one), and who issued it.

    `is_bearer`: the credential is bound to nothing.
    """

    actor: Actor
    proof: Proof | None
    issuer: Issuer
    is_bearer: bool = False


def verify_token(
    token: str,
    presented: PresentedProof | None,
    *,
    issuers: Issuers,
    audience: str,
    at: int,
    environment: Environment,
    certificate: str | None = None,
    required: bool = False,
    oldest: int = OLDEST,
) -> Verified:
    """Verify a credential, and the proof that it asks for. The body is compared by the caller (`Proof`).

    `certificate`: the thumbprint (RFC 8705 section 3.1) of the one that the named proxy saw with the request.

    `required` refuses bearer tokens, but for an operator's, which the command line hands to the vault itself;
    verbs that HTTP leads to refuse it as well (`Vault.actor`). Raises `CredentialError`
    "possession_required", "proof_invalid", "certificate_required" or what
    `keyvault.credentials.tokens.verify_bound` raises.
    """
    found = verify_bound(token, issuers=issuers, audience=audience, at=at, environment=environment)
    match found.binding:
        case Binding(Confirmation.KEY, thumbprint):
            if presented is None:
                raise CredentialError(
                    "This credential is bound to a key: send Authorization: DPoP, and a proof with each "
                    "request.",
                    code="possession_required",
                )
            proof = verify_proof(presented, token, thumbprint, at=at, oldest=oldest)
            return Verified(found.actor, proof, found.issuer)
        case Binding(Confirmation.CERTIFICATE, thumbprint):
            _check_certificate(thumbprint, certificate)
        case _ if required and found.actor.role is not Role.OPERATOR:
            raise possession_required()
    if presented is not None:  # RFC 9449 section 7.1: the scheme DPoP is for tokens that name a key
        raise proof_invalid()
    return Verified(found.actor, None, found.issuer, is_bearer=found.binding is None)


def _check_certificate(named: str, certificate: str | None) -> None:
    if certificate is None or not hmac.compare_digest(certificate.encode(), named.encode()):
        raise CredentialError(
            "This credential is bound to a client certificate: send the request with that certificate, to "
            "the address of this service that asks for one.",
            code="certificate_required",
        )


def possession_required() -> CredentialError:
    return CredentialError(
        "Only credentials bound to a key are accepted here: have one issued, and prove its key.",
        code="possession_required",
    )


def proof_header(presented: PresentedProof) -> dict[str, Any]:
    """The member about a proof that intake adds to an envelope's headers."""
    return {HEADER: {"jws": presented.proof, "method": presented.method, "url": presented.url}}


def certificate_header(thumbprint: str) -> dict[str, Any]:
    """The member about the client certificate that a deposit came with."""
    return {CERTIFICATE: thumbprint}


def certificate_in(headers: Mapping[str, Any]) -> str | None:
    """The thumbprint of that certificate, if there was one. Raises `Invalid` "bad_member"."""
    return text(headers[CERTIFICATE], 64) if CERTIFICATE in headers else None


def presented_in(headers: Mapping[str, Any]) -> PresentedProof | None:
    """The proof that came with a deposit, out of its envelope's headers. Raises `Invalid` "bad_member"."""
    if HEADER not in headers:
        return None
    found = members(headers[HEADER], {"jws", "method", "url"})
    return PresentedProof(text(found["jws"]), text(found["method"]), text(found["url"]))
