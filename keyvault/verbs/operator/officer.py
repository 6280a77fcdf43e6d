"""The audit officer's lines: sealed to a key that the vault does not have, handed out page by page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from keyvault.context import Vault
from keyvault.log.accountability import own_tokens
from keyvault.log.lines_of_actors import Period, Written, oldest_first
from keyvault.store import Row, VaultTransaction
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.operator.permission import alone
from records.people.actors import Actor
from records.vocabulary.codes import Role

LARGEST_PAGE = 5_000
_AT_ONCE = 500  # values in one condition


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


@dataclass(frozen=True, slots=True)
class SealedTrace:
    """A line of somebody's, as the tree binds it: its entry, and both boxes, which the vault did not open."""

    leaf: bytes
    entry: bytes
    own: bytes = field(repr=False)
    officer: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class TracePage:
    """Lines in the order of time; `after` asks for the next page, None at the end."""

    traces: tuple[SealedTrace, ...] = field(repr=False)
    after: Written | None


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

    def officer_traces(
        self,
        call: Call,
        of: Sequence[Credentialed],
        *,
        since: int | None = None,
        until: int | None = None,
        after: Written | None = None,
    ) -> TracePage | Denied:
        """A page of what somebody did under these credentials, from `since` to before `until` (ms), each line
        with what it is checked by (R56, EX_AIR-120); each page is on the log, with whom it is about.
        """
        whom = ", ".join(sorted({each.subject for each in of}))
        with alone(self._vault, call, {"officer": "traces", "professional": whom}) as (_, denied):
            if denied is not None:
                return denied
        with self._vault.store.reading() as tx:
            tokens = [token for each in of for token in self._tokens(each)]
            rows = oldest_first(tx, tokens, Period(since, until), after, LARGEST_PAGE) if tokens else []
            leaves = [row["leaf_hash"] for row in rows]
            entries = {row["leaf_hash"]: row["entry"] for row in _of_leaves(tx, leaves)}
        traces = tuple(
            SealedTrace(row["leaf_hash"], entries.get(row["leaf_hash"], b""), row["own"], row["officer"])
            for row in rows
        )
        more = len(rows) == LARGEST_PAGE
        return TracePage(traces, (rows[-1]["at"], rows[-1]["leaf_hash"]) if more else None)

    def _tokens(self, of: Credentialed) -> list[bytes]:
        issuer, keyring = self._vault.settings.issuer, self._vault.keyring
        # the role is no part of the value that the token stands for
        actor = Actor(
            role=Role.PROFESSIONAL,
            issuer=issuer,
            subject=of.subject,
            rpps=of.subject,
            structure=of.structure,
        )
        return own_tokens(keyring, actor, issuer)


def _of_leaves(tx: VaultTransaction, leaves: Sequence[bytes]) -> Iterator[Row]:
    for start in range(0, len(leaves), _AT_ONCE):
        yield from tx.find("entry", leaf_hash__in=leaves[start : start + _AT_ONCE])


def _next(rows: list[Row]) -> bytes | None:
    return rows[-1]["leaf_hash"] if len(rows) == LARGEST_PAGE else None
