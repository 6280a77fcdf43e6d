"""Issuers are set by two operators together: whose credentials are accepted, and for what (ADR 34)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from keyvault.context import Vault
from keyvault.credentials.issuers import Issuer, check_new, check_operators_left, issuer_of, told
from keyvault.keys.issuers import KeptIssuer
from keyvault.restore.frozen import read_frozen
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.operator.permission import Together, alone
from records.errors import Conflict, Invalid, NotFound
from records.vocabulary.codes import Environment, Role

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIssuer:
    """What two operators ask for. `roles` and `claims` by their codes; no claims: all of its roles.

    Times are unix seconds. `beside` names issuers that may say the same. `origin`: see `Issuer`.
    """

    name: str
    public: bytes
    roles: Sequence[str]
    claims: Sequence[str] = ()
    environment: str | None = None
    not_before: int = 0
    not_after: int | None = None
    subject: str | None = None
    beside: Sequence[str] = ()
    origin: str | None = None

    def issuer(self, here: Environment) -> Issuer:
        """Raises `Invalid` "bad_issuer"."""
        try:
            roles = [Role(each) for each in self.roles]
            environment = Environment(self.environment or here)
        except ValueError:
            raise Invalid(
                f"A role is one of {', '.join(Role)}, an environment one of {', '.join(Environment)}.",
                code="bad_issuer",
            ) from None
        return issuer_of(
            self.name,
            self.public,
            roles,
            environment,
            claims=self.claims,
            not_before=self.not_before,
            not_after=self.not_after,
            subject=self.subject,
            origin=self.origin,
        )


@dataclass(frozen=True, slots=True)
class ListedIssuer:
    """An issuer as `coffre issuers list` shows it; dates in ISO 8601. `state`: active, ended or expired."""

    name: str
    key_id: str
    roles: list[str]
    claims: list[str]
    subject: str | None
    origin: str | None
    not_before: str | None
    not_after: str | None
    state: str
    first_seen: int | None
    version: int

    def is_named(self, name: str, key: str | None) -> bool:
        return self.name == name and key in (None, self.key_id)


def begin_issuers(vault: Vault) -> None:
    """The table begins with the issuers that were pinned, unless a restored vault waits for a newer one."""
    with vault.store.writing() as tx:
        if read_frozen(tx) is None:
            vault.issuers.begin(tx, vault.now_ms() // 1000)


class IssuersVerbs:
    """Part of the operator's door."""

    _vault: Vault

    def issuers(self, call: Call) -> list[ListedIssuer] | Denied:
        """All of them, those that ended too."""
        vault = self._vault
        with alone(vault, call, {"issuers": "listed"}) as (transaction, denied):
            if denied is not None:
                return denied
            return [self._listed(each) for each in vault.issuers.all(transaction.rows)]

    def add_issuer(self, calls: Sequence[Call], wanted: NewIssuer) -> ListedIssuer | Denied:
        """Accept the credentials of one more key. Said again it is the same one.

        Raises `Invalid` "bad_issuer" or "wrong_environment", `Conflict` "issuer_key_used" or
        "issuer_overlaps", `Refused` "two_operators".
        """
        vault = self._vault
        together = Together.of(vault, calls, {"issuer": wanted.name, "issuer_change": "add"})
        if denied := together.objection():
            return denied
        issuer = wanted.issuer(vault.settings.environment)
        with vault.transaction() as transaction:
            vault.issuers.begin(transaction.rows, transaction.now)
            known = vault.issuers.all(transaction.rows)
            for each in known:
                if each.issuer == issuer and not each.is_ended:
                    return self._listed(each)
            check_new(
                issuer,
                [each.issuer for each in known],
                vault.settings.environment,
                beside=wanted.beside,
                at=transaction.now,
            )
            kept, said = vault.issuers.keep(transaction.rows, KeptIssuer(issuer))
            details = {"issuer_change": "added", "issuer_roles": " ".join(sorted(issuer.roles)), **said}
            replace(together, details=details).permit(transaction)
        return self._listed(kept)

    def end_issuer(self, calls: Sequence[Call], name: str, key: str | None = None) -> ListedIssuer | Denied:
        """Accept nothing more of it from the next call on; what was received before counts.

        `key`: the id of its key, where it has several. Raises `NotFound` "no_such_issuer", `Conflict`
        "last_operators", `Refused` "two_operators".
        """
        vault = self._vault
        together = Together.of(vault, calls, {"issuer": name, "issuer_change": "end"})
        if denied := together.objection():
            return denied
        with vault.transaction() as transaction:
            vault.issuers.begin(transaction.rows, transaction.now)
            known = vault.issuers.all(transaction.rows)
            present = the_one([each for each in known if each.is_named(name, key)])
            if present.is_ended:
                return self._listed(present)
            others = [each for each in known if each != present]
            check_operators_left([each.accepted_now for each in others], transaction.now)
            ended = replace(present, issuer=_until(present.issuer, transaction.now), is_ended=True)
            kept, said = vault.issuers.keep(transaction.rows, ended)
            replace(together, details={"issuer_change": "ended", **said}).permit(transaction)
        return self._listed(kept)

    def _listed(self, kept: KeptIssuer) -> ListedIssuer:
        now, issuer = self._vault.now_ms() // 1000, kept.issuer
        is_over = issuer.not_after is not None and issuer.not_after <= now
        state = "ended" if kept.is_ended else "expired" if is_over else "active"
        shown: dict[str, Any] = told(issuer)
        return ListedIssuer(**shown, state=state, first_seen=kept.first_seen, version=kept.version)


def the_one(found: Sequence[T]) -> T:
    """Raises `NotFound` "no_such_issuer", or `Conflict` "issuer_has_keys" where a name isn't enough."""
    if len(found) > 1:
        raise Conflict(
            "This issuer has several keys: say which with --key; coffre issuers list shows them.",
            code="issuer_has_keys",
        )
    if not found:
        raise NotFound("There is no such issuer: coffre issuers list shows them.", code="no_such_issuer")
    return found[0]


def _until(issuer: Issuer, now: int) -> Issuer:
    return replace(issuer, not_after=min(now, issuer.not_after or now))
