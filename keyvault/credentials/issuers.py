"""Issuers: whose credentials are accepted, for which roles and claims, how long (docs/adr/0034-issuers.md).

A credential is looked up by the name in its claim `iss` and the key in its header `kid`. What its issuer may
not assert it does not prove: an identity service of patients makes no doctor.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from keyvault.credentials.claims import ABOUT_THE_SIGN_IN, COMMON, claims_of
from keyvault.credentials.refusing import CredentialError
from keyvault.crypto.members import integer, items, members, text
from keyvault.crypto.signing import key_id
from records.errors import Conflict, Invalid
from records.people.actors import OPERATOR, Actor, operator_subject
from records.text.base64url import b64, unb64
from records.vocabulary.codes import Environment, Role

ED25519_SIZE = 32
ENDS_SOON_S = 30 * 86_400
"""Before an issuer ends two operators have to meet, and whoever signs with its key to make another."""
OPERATORS = 2
"""How many decide about what one may not."""
DEMO_ISSUER = "coffre-demo-authority"
_NAME = re.compile(r"[!-~]{1,256}")  # an origin, mostly: no space, nothing that looks like something else
_NUMBERS = ("not_before", "not_after")


@dataclass(frozen=True, slots=True)
class Issuer:
    """One key of whoever proves identities. Times are unix seconds; `not_after` None: until it is ended.

    `subject` is the one person whom it may name, for a key that is a person's own. `origin`: the key is
    a hardware key used there, and `public` its COSE_Key (RFC 9052 section 7); else 32 bytes of Ed25519.
    """

    name: str
    public: bytes = field(repr=False)
    roles: frozenset[Role]
    claims: frozenset[str]
    environment: Environment
    not_before: int = 0
    not_after: int | None = None
    subject: str | None = None
    origin: str | None = None

    @property
    def key_id(self) -> str:
        return key_id(self.public)

    def lasts_beyond(self, at: int) -> bool:
        return self.not_after is None or at < self.not_after

    def check(self, actor: Actor, stated: Collection[str], *, at: int, environment: Environment) -> None:
        """That it may say at `at` (unix seconds) what `actor` and the names of its claims, `stated`, tell.

        Raises `CredentialError` "wrong_environment", "issuer_ended" or "issuer_not_entitled".
        """
        if self.environment is not environment:
            raise CredentialError(
                "This credential comes from another environment: sign in here.", code="wrong_environment"
            )
        if at < self.not_before or not self.lasts_beyond(at):
            raise CredentialError(
                "Whoever issued this credential is not accepted at this time: sign in another way, or ask "
                "the hosting team.",
                code="issuer_ended",
            )
        allowed = self.claims | COMMON | ABOUT_THE_SIGN_IN
        is_named = self.subject is None or self.subject == actor.subject
        if actor.role not in self.roles or not {*stated} <= allowed or not is_named:
            raise CredentialError(
                "Whoever issued this credential may not say that of a person: sign in by the door for your "
                "role.",
                code="issuer_not_entitled",
            )


class Issuers(Protocol):
    """Those that are accepted, wherever they are kept."""

    def find(self, name: str, key: str | None) -> Issuer | None:
        """By name and key id; without a key id the one that has this name, None where there are several."""


@dataclass(frozen=True, slots=True)
class IssuerList:
    """Issuers at hand."""

    issuers: tuple[Issuer, ...]

    def find(self, name: str, key: str | None) -> Issuer | None:
        found = [each for each in self.issuers if each.name == name and key in (None, each.key_id)]
        return found[0] if len(found) == 1 else None


def first_issuer(name: str, public: bytes, environment: Environment) -> Issuer:
    """The authority that an installation began with: it may assert every role until it is ended."""
    return issuer_of(name, public, Role, environment)


def operator_issuer(name: str) -> str:
    """The name of an operator's own key, and the only subject that it may name."""
    return f"{OPERATOR}{name}"


def own_key(name: str, public: bytes, environment: Environment, origin: str | None = None) -> Issuer:
    """An operator who signs for herself: the first two set a vault's table of issuers."""
    named = operator_issuer(name)
    return issuer_of(named, public, [Role.OPERATOR], environment, subject=named, origin=origin)


def issuer_of(
    name: str, public: bytes, roles: Iterable[Role], environment: Environment, **more: Any
) -> Issuer:
    """One that may set every claim of its roles, unless `claims` says which."""
    chosen = frozenset(roles)
    claims = more.pop("claims", None) or {claim for role in chosen for claim in claims_of(role)}
    return Issuer(name, public, chosen, frozenset(claims), environment, **more)


def check_new(
    new: Issuer, known: Iterable[Issuer], environment: Environment, *, beside: Collection[str], at: int
) -> None:
    """That `new` may join those that are accepted; `beside` names issuers that may say the same as it.

    `at` in unix seconds: what is over by then overlaps with nobody.

    Raises `Invalid` "bad_issuer" or "wrong_environment", `Conflict` "issuer_key_used" or "issuer_overlaps".
    """
    if new.environment is not environment:
        raise Invalid(
            f"This issuer is of {new.environment}, this is {environment}: take the key of the one for here.",
            code="wrong_environment",
        )
    _check_form(new)
    for other in known:
        if other.public == new.public:
            raise Conflict(
                f"This key is one of {other.name} already: every issuer has a key of its own.",
                code="issuer_key_used",
            )
        shared = sorted(other.roles & new.roles) if other.lasts_beyond(at) else []
        # one person's own key says nothing of anybody else
        if shared and other.name not in (new.name, *beside) and not (other.subject and new.subject):
            raise Conflict(
                f"{other.name} says who is {' and '.join(shared)} already: end it first, or agree to both "
                f"with --beside {other.name}.",
                code="issuer_overlaps",
            )


def ending(accepted: Iterable[Issuer], at: int) -> list[Issuer]:
    """Those that end within `ENDS_SOON_S` of `at` (unix seconds), where a role of theirs then has nobody."""
    now = [each for each in accepted if each.lasts_beyond(at)]
    lasting = [each for each in now if each.lasts_beyond(at + ENDS_SOON_S)]
    soon = [each for each in now if each not in lasting]
    return [each for each in soon if not each.roles <= _roles_after(each, lasting)]


def _roles_after(issuer: Issuer, lasting: Iterable[Issuer]) -> frozenset[Role]:
    """Another operator's own key is nothing to the one whose key ends."""
    after = [other.roles for other in lasting if other.subject in (None, issuer.subject)]
    return frozenset().union(*after)


def check_operators_left(left: Iterable[Issuer], at: int) -> None:
    """That two operators can still act together. Raises `Conflict` "last_operators"."""
    able = [
        each
        for each in left
        if Role.OPERATOR in each.roles and each.not_before <= at and each.lasts_beyond(at)
    ]
    people = {operator_subject(each.subject) for each in able if each.subject is not None}
    if not any(each.subject is None for each in able) and len(people) < OPERATORS:
        raise Conflict(
            "Without this one no two operators could sign in, and nothing could be changed any more: add "
            "another issuer of operators first.",
            code="last_operators",
        )


def _check_form(new: Issuer) -> None:
    known = {claim for role in new.roles for claim in claims_of(role)}
    if not _NAME.fullmatch(new.name):
        raise Invalid("The name of an issuer is 1 to 256 visible characters.", code="bad_issuer")
    if not new.roles or not new.claims <= known:
        raise Invalid("An issuer has roles, and claims of these roles alone.", code="bad_issuer")
    if new.subject is not None and known:
        raise Invalid(
            "Only an operator's own key names one person: of others the claims say who it is, whatever the "
            "subject.",
            code="bad_issuer",
        )
    if new.not_after is not None and new.not_after <= new.not_before:
        raise Invalid("An issuer ends after it begins: check its dates.", code="bad_issuer")
    if new.origin is not None and new.roles != {Role.OPERATOR}:
        raise Invalid("A hardware key is an operator's.", code="bad_issuer")
    if new.origin is None and len(new.public) != ED25519_SIZE:
        raise Invalid("The key of an issuer is an Ed25519 public key.", code="bad_issuer")
    if new.name == DEMO_ISSUER and new.environment is Environment.PRODUCTION:
        raise demo_authority_refused()


def demo_authority_refused() -> Invalid:
    return Invalid(
        "Production does not accept the demo authority; add the issuers that identify your users.",
        code="demo_authority_refused",
    )


def issuer_to_json(issuer: Issuer) -> dict[str, Any]:
    """As it is sealed, and signed for intake."""
    told: dict[str, Any] = {
        "name": issuer.name,
        "public": b64(issuer.public),
        "roles": sorted(issuer.roles),
        "claims": sorted(issuer.claims),
        "environment": issuer.environment.value,
        "not_before": issuer.not_before,
    }
    if issuer.not_after is not None:
        told["not_after"] = issuer.not_after
    more = {"subject": issuer.subject, "origin": issuer.origin}
    return told | {name: value for name, value in more.items() if value is not None}


def issuer_from_json(value: Any) -> Issuer:
    """Raises `Invalid` "bad_member"."""
    needed = {"name", "public", "roles", "claims", "environment", "not_before"}
    found = members(value, needed, {"not_after", "subject", "origin"})
    try:
        roles = frozenset(Role(text(each, 32)) for each in items(found["roles"]))
        environment = Environment(text(found["environment"], 32))
    except ValueError:
        raise Invalid("A role or an environment is unknown.", code="bad_member") from None
    return Issuer(
        name=text(found["name"], 256),
        public=unb64(found["public"], None if "origin" in found else ED25519_SIZE),
        roles=roles,
        claims=frozenset(text(each, 32) for each in items(found["claims"])),
        environment=environment,
        not_before=integer(found["not_before"]),
        not_after=integer(found["not_after"]) if "not_after" in found else None,
        subject=text(found["subject"], 256) if "subject" in found else None,
        origin=text(found["origin"], 256) if "origin" in found else None,
    )


def told(issuer: Issuer) -> dict[str, Any]:
    """As a person reads it: names, roles and dates; the key by its id."""
    return {
        "name": issuer.name,
        "key_id": issuer.key_id,
        "roles": sorted(issuer.roles),
        "claims": sorted(issuer.claims),
        "subject": issuer.subject,
        "origin": issuer.origin,
        **{name: _date(getattr(issuer, name)) for name in _NUMBERS},
    }


def _date(seconds: int | None) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else None


def read_issuers(value: Any) -> IssuerList:
    """Raises `Invalid` "bad_member"."""
    return IssuerList(tuple(issuer_from_json(each) for each in items(value)))
