"""Claims of a credential: a closed list per role, the actor they prove, and the key that they name.

Whatever is unknown, absent, of another type or longer than its role may live is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from keyvault.crypto.members import integer, members, text
from records.errors import Invalid
from records.people.actors import Actor
from records.people.identity import INS, check_oid, check_rpps, check_structure
from records.text.base64url import b64, unb64
from records.vocabulary.codes import Environment, Role

LONGEST_LIFE: Mapping[Role, int] = MappingProxyType(
    {
        Role.PATIENT: 12 * 3600,
        Role.PROFESSIONAL: 12 * 3600,
        Role.DEPOSITOR: 12 * 3600,
        Role.OPERATOR: 300,
    }
)
COMMON = frozenset({"iss", "sub", "aud", "iat", "exp", "jti", "role"})
ABOUT_THE_SIGN_IN = frozenset({"auth_time", "cnf"})
"""When the person last proved who it is (OpenID Connect Core section 2), and the key it holds (RFC 7800)."""
REQUIRED: Mapping[Role, frozenset[str]] = MappingProxyType(
    {
        Role.PATIENT: frozenset({"ins"}),
        Role.PROFESSIONAL: frozenset({"rpps", "profession", "structure"}),
        Role.DEPOSITOR: frozenset({"structure"}),
        Role.OPERATOR: frozenset(),
    }
)
OPTIONAL: Mapping[Role, frozenset[str]] = MappingProxyType(
    {Role.PROFESSIONAL: frozenset({"sector", "setting"}), Role.DEPOSITOR: frozenset({"setting"})}
)
_CODE = re.compile(r"[A-Za-z0-9_-]{1,32}")


class Confirmation(StrEnum):
    """How the holder of a credential proves to be it; the value is the member of `cnf`."""

    KEY = "jkt"  # RFC 9449 section 6.1
    CERTIFICATE = "x5t#S256"  # RFC 8705 section 3.1


@dataclass(frozen=True, slots=True)
class Binding:
    """What a credential is bound to; `thumbprint` is a SHA-256 in base64url."""

    confirmation: Confirmation
    thumbprint: str = field(repr=False)

    @property
    def claim(self) -> dict[str, str]:
        """The claim `cnf`."""
        return {self.confirmation.value: self.thumbprint}


def claims_of(role: Role) -> frozenset[str]:
    """The claims of a role beyond those that every credential has."""
    return REQUIRED[role] | OPTIONAL.get(role, frozenset())


def actor_of(claims: Mapping[str, Any], environment: Environment) -> Actor:
    """Raises `Invalid` for claims that are not those of their role."""
    role = _role(claims.get("role"))
    members(claims, COMMON | REQUIRED[role], OPTIONAL.get(role, frozenset()) | ABOUT_THE_SIGN_IN)
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
        proven_at=integer(claims["auth_time"], 1) if "auth_time" in claims else None,
    )


def binding_of(claims: Mapping[str, Any]) -> Binding | None:
    """The key or certificate that a credential names; exactly one, if any. Raises `Invalid` "bad_member"."""
    if "cnf" not in claims:
        return None
    named = members(claims["cnf"], set(), {each.value for each in Confirmation})
    if len(named) != 1:
        raise Invalid("A credential is bound to one key or one certificate.", code="bad_member")
    ((kind, thumbprint),) = named.items()
    return Binding(Confirmation(kind), b64(unb64(thumbprint, 32)))


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
