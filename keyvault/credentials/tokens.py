"""Credentials: compact JWS (RFC 7515) under Ed25519, and the actor they prove.

A verified token is the only source of identity, profession and structure. Claims are a closed list per role;
whatever is unknown, absent, of another type or out of time is refused. A token may name a key (`cnf`,
RFC 7800): it is accepted with a proof of that key alone (`keyvault/credentials/possession.py`), and never as
a bearer's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.api_jws import PyJWS
from jwt.exceptions import PyJWTError

from audit.canonical import parse
from keyvault.crypto.members import integer, members, text
from records.actors import Actor
from records.base64url import b64, unb64
from records.errors import Invalid, Refused
from records.identity import INS, check_oid, check_rpps, check_structure
from records.vocabulary.codes import Environment, Role

DEMO_ISSUER = "coffre-demo-authority"
TYPE = "coffre+jwt"
CLOCK_SKEW = 60
"""Seconds by which an issuer's clock may be ahead of ours."""
LONGEST_LIFE: Mapping[Role, int] = MappingProxyType(
    {
        Role.PATIENT: 12 * 3600,
        Role.PROFESSIONAL: 12 * 3600,
        Role.DEPOSITOR: 12 * 3600,
        Role.OPERATOR: 300,
    }
)
_LONGEST_TOKEN = 8192
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,32}")
_COMMON = frozenset({"iss", "sub", "aud", "iat", "exp", "jti", "role"})
_REQUIRED: Mapping[Role, frozenset[str]] = MappingProxyType(
    {
        Role.PATIENT: frozenset({"ins"}),
        Role.PROFESSIONAL: frozenset({"rpps", "profession", "structure"}),
        Role.DEPOSITOR: frozenset({"structure"}),
        Role.OPERATOR: frozenset(),
    }
)
_OPTIONAL: Mapping[Role, frozenset[str]] = MappingProxyType(
    {Role.PROFESSIONAL: frozenset({"sector", "setting"}), Role.DEPOSITOR: frozenset({"setting"})}
)
JWS = PyJWS(algorithms=["EdDSA"])


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential as presented, verified by the vault alone. With a proof, also the request it is for."""

    token: str = field(repr=False)
    proof: str | None = field(default=None, repr=False)
    method: str = ""
    url: str = field(default="", repr=False)
    body: bytes = field(default=b"", repr=False)


class CredentialError(Refused):
    """A credential is not accepted."""

    code = "token_invalid"


def verify(
    token: str, *, pinned_public: bytes, issuer: str, audience: str, at: int, environment: Environment
) -> Actor:
    """Returns the actor that a bearer token proves at the instant `at` (unix seconds).

    Raises `CredentialError` "token_expired" for a token that was good once, "possession_required" for one
    that names a key, otherwise "token_invalid".
    """
    actor, key = verify_bound(
        token, pinned_public=pinned_public, issuer=issuer, audience=audience, at=at, environment=environment
    )
    if key is not None:
        raise CredentialError(
            "This credential is bound to a key: it is not accepted without a proof.",
            code="possession_required",
        )
    return actor


def verify_bound(
    token: str, *, pinned_public: bytes, issuer: str, audience: str, at: int, environment: Environment
) -> tuple[Actor, str | None]:
    """Returns the actor, and the thumbprint of the key whose proof is still to be checked.

    Raises like `verify`, and leaves "possession_required" to its caller.
    """
    try:
        check_issuer(issuer, environment)
        claims = _claims(token, pinned_public)
        if claims.get("iss") != issuer or claims.get("aud") != audience:
            raise Invalid("The token is from or for somebody else.", code="bad_member")
        actor, key = actor_of(claims, environment), bound_key(claims)
    except (Invalid, PyJWTError, ValueError):
        # The causes name claims and algorithms of the token: nothing of them leaves.
        raise _invalid() from None
    if actor.issued_at > at + CLOCK_SKEW:
        raise _invalid()
    if actor.expires_at <= at:
        raise CredentialError("The token has expired; sign in again.", code="token_expired")
    return actor, key


def number_of(token: str) -> str:
    """A token's own number (jti), unverified: to withdraw it. Raises `Invalid` "bad_member"."""
    form = _COMPACT.fullmatch(token) if len(token) <= _LONGEST_TOKEN else None
    claims = parse(unb64(token.split(".")[1])) if form is not None else None
    if not isinstance(claims, dict):
        raise Invalid("This is no credential of Coffre.", code="bad_member")
    return text(claims.get("jti"), 128)


def _claims(token: str, pinned: bytes) -> dict[str, Any]:
    form = _COMPACT.fullmatch(token) if len(token) <= _LONGEST_TOKEN else None
    if form is None:
        raise Invalid("The token is not a compact JWS.", code="bad_member")
    header = members(parse(unb64(form[1])), {"alg", "typ"}, {"kid"})
    if header["alg"] != "EdDSA" or header["typ"] != TYPE:
        raise Invalid("The token is of another type.", code="bad_member")
    key = Ed25519PublicKey.from_public_bytes(pinned)
    claims = parse(JWS.decode(token, key, algorithms=["EdDSA"]))
    if not isinstance(claims, dict):
        raise Invalid("The claims are not an object.", code="bad_member")
    return claims


def actor_of(claims: dict[str, Any], environment: Environment) -> Actor:
    role = _role(claims.get("role"))
    members(claims, _COMMON | _REQUIRED[role], _OPTIONAL.get(role, frozenset()) | {"cnf"})
    issued, expires = integer(claims["iat"], 1), integer(claims["exp"], 1)
    if not 0 < expires - issued <= LONGEST_LIFE[role]:
        raise Invalid("The token lives too long.", code="bad_member")
    return Actor(
        role=role,
        issuer=text(claims["iss"], 256),
        subject=text(claims["sub"], 256),
        rpps=check_rpps(text(claims["rpps"], 64)) if "rpps" in claims else None,
        profession=_code(claims.get("profession")),
        structure=check_structure(text(claims["structure"], 64)) if "structure" in claims else None,
        ins=_ins(claims["ins"], environment) if "ins" in claims else None,
        sector=_code(claims.get("sector")),
        setting=_code(claims.get("setting")),
        credential_id=text(claims["jti"], 128),
        issued_at=issued,
        expires_at=expires,
    )


def bound_key(claims: dict[str, Any]) -> str | None:
    """The thumbprint of the key that the token names (RFC 7800, RFC 9449 section 6.1)."""
    if "cnf" not in claims:
        return None
    return b64(unb64(members(claims["cnf"], {"jkt"})["jkt"], 32))


def _role(value: Any) -> Role:
    try:
        return Role(value)
    except ValueError:
        raise Invalid("The role is unknown.", code="bad_member") from None


def _code(value: Any) -> str | None:
    if value is not None and not (isinstance(value, str) and _CODE.fullmatch(value)):
        raise Invalid("A code is letters, digits, - and _.", code="bad_member")
    return value


def _ins(value: Any, environment: Environment) -> INS:
    matricule, _, oid = text(value, 64).partition("|")
    return INS(matricule, check_oid(oid, environment))


def check_issuer(issuer: str, environment: Environment) -> None:
    if environment is Environment.PRODUCTION and issuer == DEMO_ISSUER:
        raise Invalid(
            "Production does not accept the demo authority; pin the authority that identifies your users.",
            code="demo_authority_refused",
        )


def _invalid() -> CredentialError:
    return CredentialError("The token is not valid here; sign in again.")
