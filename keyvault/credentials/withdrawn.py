"""Credentials that were withdrawn before they ended: one by its number, or all of a person until a moment.

Rows are found by pseudonyms, so that the table tells nobody whom it names, and go once no token of that time
could be accepted any more.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from audit.canonical import canonical
from keyvault.credentials.claims import LONGEST_LIFE
from keyvault.credentials.refusing import CredentialError
from keyvault.store import VaultTransaction
from records.durations import HOUR_MS
from records.people.actors import Actor

ACCEPTED_AFTER_MS = 49 * HOUR_MS  # a deposit's credential is judged as of reception, 48 h later at most
KEPT_MS = max(LONGEST_LIFE.values()) * 1000 + ACCEPTED_AFTER_MS
Pseudonym = Callable[[bytes, bytes], bytes]


@dataclass(frozen=True, slots=True)
class CredentialName:
    """One credential by its number (jti), or every one of a person (`Actor.person`).

    Former versions named a person by what the credentials say: `subject` and `structure`.
    """

    issuer: str = ""
    jti: str | None = None
    person: tuple[str, ...] = field(default=(), repr=False)
    subject: str | None = field(default=None, repr=False)
    structure: str = ""

    def key(self, pseudonym: Pseudonym) -> bytes:
        if self.jti is not None:
            return pseudonym(b"coffre-withdrawn-jti-v1", canonical([self.issuer, self.jti]))
        if self.person:
            return pseudonym(b"coffre-withdrawn-person-v1", canonical(list(self.person)))
        named = canonical([self.issuer, self.subject, self.structure])
        return pseudonym(b"coffre-withdrawn-subject-v1", named)


def withdraw(tx: VaultTransaction, pseudonym: Pseudonym, name: CredentialName, now_ms: int) -> None:
    """From now on; said again it counts from the later moment."""
    row = {"credential": name.key(pseudonym), "since": now_ms, "expires": now_ms + KEPT_MS}
    if not tx.insert_new("withdrawn", row):
        tx.update("withdrawn", {"since": now_ms, "expires": row["expires"]}, credential=row["credential"])


def names_of(actor: Actor, pseudonym: Pseudonym) -> tuple[bytes, bytes]:
    """Under which withdrawals of this actor's credential lie: of it alone, and of all of its holder's."""
    alone = CredentialName(actor.issuer, jti=actor.credential_id)
    every = CredentialName(person=tuple(actor.person))
    return alone.key(pseudonym), every.key(pseudonym)


def ended(actor: Actor, credential_since: int | None, holder_since: int | None) -> bool:
    """Whether withdrawals at these instants (ms), of the credential and of all of its holder's, end it.

    A person's withdrawal ends what was issued until then: a new credential is accepted again.
    """
    return credential_since is not None or (
        holder_since is not None and actor.issued_at * 1000 <= holder_since
    )


def check(tx: VaultTransaction, pseudonym: Pseudonym, actor: Actor, at_ms: int | None = None) -> None:
    """Raises `CredentialError` "credential_withdrawn" for a credential that was withdrawn at `at_ms`.

    Without `at_ms`, for one that is withdrawn at all: a clock that went back admits nobody again.
    """
    alone, every = names_of(actor, pseudonym)
    former = CredentialName(actor.issuer, subject=actor.subject, structure=actor.structure or "")
    rows = tx.find("withdrawn", credential__in=[alone, every, former.key(pseudonym)])
    since = {row["credential"]: row["since"] for row in rows if at_ms is None or row["since"] <= at_ms}
    of_holder = [at for name, at in since.items() if name != alone]
    if ended(actor, since.get(alone), max(of_holder, default=None)):
        raise CredentialError(
            "This credential was withdrawn: sign in again, or ask whoever issued it.",
            code="credential_withdrawn",
        )


def forget(tx: VaultTransaction, now_ms: int) -> None:
    tx.delete("withdrawn", expires__lt=now_ms)
