"""Credentials: compact JWS (RFC 7515) under Ed25519, and the actor they prove.

A verified token is the only source of identity, profession and structure. Its issuer is looked up by `iss`
and `kid`, and may assert what the table of issuers says (`keyvault/credentials/issuers.py`). A token may name
a key or a certificate (`cnf`, RFC 7800): it is accepted with a proof of that alone
(`keyvault/credentials/possession.py`), and never as a bearer's.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.api_jws import PyJWS
from jwt.exceptions import PyJWTError

from audit.canonical import parse
from keyvault.credentials import hardware_tokens
from keyvault.credentials.claims import Binding, actor_of, binding_of
from keyvault.credentials.issuers import DEMO_ISSUER, Issuer, Issuers, demo_authority_refused
from keyvault.credentials.refusing import CredentialError
from keyvault.crypto.members import members, text
from records.errors import Invalid
from records.people.actors import Actor
from records.text.base64url import unb64
from records.vocabulary.codes import Environment

TYPE = "coffre+jwt"
CLOCK_SKEW = 60
"""Seconds by which an issuer's clock may be ahead of ours."""
_LONGEST_TOKEN = 8192
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]{86}")
JWS = PyJWS(algorithms=["EdDSA"])


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential as presented, verified by the vault alone. With a proof, also the request it is for.

    `certificate` is the thumbprint of the client certificate that the proxy handed over with the request.
    `in_session`: the pages' cookie stood for it.
    """

    token: str = field(repr=False)
    proof: str | None = field(default=None, repr=False)
    method: str = ""
    url: str = field(default="", repr=False)
    body: bytes = field(default=b"", repr=False)
    certificate: str | None = field(default=None, repr=False)
    in_session: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """An actor, what the credential is bound to and still has to prove, and who issued it."""

    actor: Actor
    binding: Binding | None
    issuer: Issuer


def verify(token: str, *, issuers: Issuers, audience: str, at: int, environment: Environment) -> Actor:
    """Returns the actor that a bearer token proves at the instant `at` (unix seconds).

    Raises `CredentialError` "possession_required" for one that names a key, else what `verify_bound` raises.
    """
    found = verify_bound(token, issuers=issuers, audience=audience, at=at, environment=environment)
    if found.binding is not None:
        raise CredentialError(
            "This credential is bound to a key: prove it with each request (DPoP), or show its certificate.",
            code="possession_required",
        )
    return found.actor


def verify_bound(
    token: str, *, issuers: Issuers, audience: str, at: int, environment: Environment
) -> Accepted:
    """Returns the actor, and the key or certificate whose proof is still to be checked.

    Raises `CredentialError` "token_invalid" for what no known issuer signed or what is no credential; of what
    one signed "wrong_audience", "clock_ahead", "token_expired", or what `Issuer.check` raises.
    """
    try:
        claims, issuer = _claims(token, issuers)
        check_issuer(issuer.name, environment)
        actor, binding = actor_of(claims, environment), binding_of(claims)
    except (Invalid, PyJWTError, ValueError):
        # The causes name claims and algorithms of the token: nothing of them leaves.
        raise CredentialError("The token is not valid here; sign in again.") from None
    if claims.get("aud") != audience:
        raise CredentialError("This credential is for another service: sign in here.", code="wrong_audience")
    issuer.check(actor, claims, at=at, environment=environment)
    _check_time(actor, at)
    return Accepted(actor, binding, issuer)


def _check_time(actor: Actor, at: int) -> None:
    if max(actor.issued_at, actor.proven_at or 0) > at + CLOCK_SKEW:
        raise CredentialError(
            "This credential begins later than now: set the clocks of this host and of its issuer, then sign "
            "in again.",
            code="clock_ahead",
        )
    if actor.expires_at <= at:
        raise CredentialError("The token has expired; sign in again.", code="token_expired")


def number_of(token: str) -> str:
    """A token's own number (jti), unverified: to withdraw it. Raises `Invalid` "bad_member"."""
    form = _form(token)
    claims = parse(unb64(form[2])) if form is not None else None
    if not isinstance(claims, dict):
        raise Invalid("This is no credential of Coffre.", code="bad_member")
    return text(claims.get("jti"), 128)


def _claims(token: str, issuers: Issuers) -> tuple[dict[str, Any], Issuer]:
    """What one of the issuers signed, and which one."""
    form = _form(token)
    if form is None:
        raise Invalid("The token is of no form that is known.", code="bad_member")
    is_jws = form.re is _COMPACT
    kid = _key_named(form[1]) if is_jws else hardware_tokens.key_named(form[1])
    # `iss` and `kid` choose a key before anything is verified; what they say holds if that key signed it
    named = parse(unb64(form[2]))
    if not isinstance(named, dict):
        raise Invalid("The claims are not an object.", code="bad_member")
    issuer = issuers.find(text(named.get("iss"), 256), None if kid is None else text(kid, 64))
    if issuer is None or is_jws is not (issuer.origin is None):
        raise Invalid("Nobody known issued this token.", code="bad_member")
    if issuer.origin is None:
        key = Ed25519PublicKey.from_public_bytes(issuer.public)
        return parse(JWS.decode(token, key, algorithms=["EdDSA"])), issuer
    hardware_tokens.check_answer(f"{form[1]}.{form[2]}", form[3], issuer.public, issuer.origin)
    return named, issuer


def _form(token: str) -> re.Match[str] | None:
    """Header and claims are its first groups, whichever form it has."""
    if len(token) > _LONGEST_TOKEN:
        return None
    return _COMPACT.fullmatch(token) or hardware_tokens.PARTS.fullmatch(token)


def _key_named(header: str) -> Any:
    """Raises `Invalid` "bad_member"."""
    found = members(parse(unb64(header)), {"alg", "typ"}, {"kid"})
    if found["alg"] != "EdDSA" or found["typ"] != TYPE:
        raise Invalid("The token is of another type.", code="bad_member")
    return found.get("kid")


def check_issuer(issuer: str, environment: Environment) -> None:
    """Raises `Invalid` "demo_authority_refused"."""
    if environment is Environment.PRODUCTION and issuer == DEMO_ISSUER:
        raise demo_authority_refused()
