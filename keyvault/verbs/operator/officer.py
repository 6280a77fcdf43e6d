"""The audit officer's lines: sealed to a key that the vault does not have, handed out page by page."""

from dataclasses import dataclass, field

from keyvault.context import Vault
from keyvault.log.accountability import own_tokens
from keyvault.store import Row
from keyvault.verbs.attempt import Call, Denied
from keyvault.verbs.operator.permission import alone
from records.actors import Actor
from records.vocabulary.codes import Role

LARGEST_PAGE = 5_000


@dataclass(frozen=True, slots=True)
class OfficerPage:
    """Sealed boxes, each of one line of accountability; `after` asks for the next page, None at the end."""

    boxes: tuple[bytes, ...] = field(repr=False)
    after: bytes | None


@dataclass(frozen=True, slots=True)
class Credentialed:
    """Whose lines alone: the subject and structure that the person's credentials name."""

    subject: str
    structure: str = ""


class OfficerVerbs:
    """For the command line that the audit officer uses."""

    _vault: Vault

    def officer_lines(
        self, call: Call, *, of: Credentialed | None = None, after: bytes = b""
    ) -> OfficerPage | Denied:
        """A page of sealed lines, of everybody or of one person's credentials (R52, R56); it is on the log.

        The vault opens none of them. Lines come in the order of their leaf hashes: time is in the box.
        """
        with alone(self._vault, call, {"officer": "lines"}) as (_, denied):
            if denied is not None:
                return denied
        with self._vault.store.reading() as tx:
            where: dict[str, object] = {} if of is None else {"actor__in": self._tokens(of)}
            rows = tx.find(
                "accountability", order="leaf_hash", limit=LARGEST_PAGE, leaf_hash__gt=after, **where
            )
        return OfficerPage(tuple(row["officer"] for row in rows), _next(rows))

    def _tokens(self, of: Credentialed) -> list[bytes]:
        issuer, keyring = self._vault.settings.issuer, self._vault.keyring
        # the role is no part of the value that the token stands for
        actor = Actor(role=Role.PROFESSIONAL, issuer=issuer, subject=of.subject, structure=of.structure)
        return own_tokens(keyring, actor)


def _next(rows: list[Row]) -> bytes | None:
    return rows[-1]["leaf_hash"] if len(rows) == LARGEST_PAGE else None
