"""Read the vault's log page by page, for the offline verifier, and its counts, for `coffre status`."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from audit import tree
from audit.events import FIRST_PREV
from audit.verify import verify
from audit.view import (
    AccountabilityLine,
    ChainEvent,
    LogFault,
    LogView,
    PendingEntry,
    Report,
    SequencedEntry,
    StoredCheckpoint,
)
from keyvault.context import Vault
from keyvault.credentials.issuers import Issuer, ending
from keyvault.keys.record_keys import care_key
from keyvault.log.accountability import open_own
from keyvault.log.appending import ORDINARY, SYSTEM, Chain, record_chain
from keyvault.status import notices_told, vault_status
from keyvault.store import Row, VaultTransaction
from keyvault.verbs.operator.copied_columns import check_copies
from keyvault.verbs.operator.listing import ListingVerbs
from keyvault.verbs.operator.rollback_check import IssuersCheck, RollbackCheck
from records.errors import CoffreError

PAGE = 1_000


class InspectingVerbs(ListingVerbs):
    """For the command line beside the vault's own store."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def verify_log(self, witnessed: Sequence[str] = ()) -> Report:
        """Check the whole log in one snapshot; `witnessed` are its checkpoints as kept elsewhere.

        Raises `LogFault` naming the first divergence: those of `audit.verify`, and `event_missing`,
        `line_missing`, `chain_cut`, `chain_changed`, `card_rolled_back`, `card_altered`, `facts_rolled_back`,
        `facts_altered`, `contact_rolled_back`, `issuer_rolled_back`.
        """
        with self._vault.store.reading() as tx:
            report = verify(self._view(tx, witnessed))
        entries = report.size + report.pending
        for found, code in ((report.events, "event_missing"), (report.lines, "line_missing")):
            if found != entries:
                sentence = f"The log has {entries} entries, and {found} of what each entry was written with."
                raise LogFault(code, sentence)
        return report

    def _view(self, tx: VaultTransaction, witnessed: Sequence[str]) -> LogView:
        return LogView(
            origin=self._vault.settings.origin,
            public_key=self._vault.keyring.signing("checkpoint").public,
            leaves=_leaves(tx),
            read_tile=_tiles(tx),
            checkpoints=_checkpoints(tx),
            events=self._events(tx),
            lines=self._lines(tx),
            pending=_pending(tx),
            witnessed=witnessed,
        )

    def _events(self, tx: VaultTransaction) -> Iterator[ChainEvent]:
        issuers = IssuersCheck()
        for chain in tx.find("chain", order=("chain_id", "chain")):
            opened, rollback, last = self._chain(tx, chain), RollbackCheck(), (0, FIRST_PREV)
            for row in _rows_of(tx, chain):
                event = _event(tx, row, opened)
                rollback.note(event)
                if chain["chain"] == SYSTEM:
                    issuers.note(event)
                last = (event.seq, event.leaf)
                yield event
            if last != (chain["seq"], chain["head"]):
                raise LogFault("chain_cut", f"A chain of {chain['seq']} events ends after {last[0]}.")
            if chain["chain"] == ORDINARY:
                rollback.check(tx, chain["chain_id"])
                check_copies(self._vault, tx, chain["chain_id"])
        issuers.check(tx, self._vault.settings.first_issuers)

    def _chain(self, tx: VaultTransaction, chain: Row) -> Chain | None:
        """The chain with its key, or None where the record was shredded."""
        if chain["chain"] == SYSTEM:
            return self._vault.system_chain_of(chain)
        record = tx.get("record", record_id=chain["chain_id"])
        if record is None:
            return None
        opened = record_chain(tx, care_key(tx, self._vault.keyring, record), chain["chain"])
        if opened.key_version != chain["key_version"]:
            raise LogFault("chain_changed", "A chain is said to be under another version of its key.")
        return opened

    def _lines(self, tx: VaultTransaction) -> Iterator[AccountabilityLine]:
        after = b""
        while rows := tx.find("accountability", order="leaf_hash", limit=PAGE, leaf_hash__gt=after):
            events = {
                event["leaf_hash"]: event
                for event in tx.find("event", leaf_hash__in=[row["leaf_hash"] for row in rows])
            }
            for row in rows:
                leaf, position = row["leaf_hash"], _position(tx, row["leaf_hash"])
                self._check_columns(row, events.get(leaf), position)
                yield AccountabilityLine(leaf, _entry(tx, leaf), row["own"], row["officer"], position)
            after = rows[-1]["leaf_hash"]

    def _check_columns(self, row: Row, event: Row | None, position: int | None) -> None:
        """A line is found by its actor and time: both are what its sealed box says.

        `verify` then finds that the box is the one the entry was written with.
        """
        if event is None:
            raise LogFault("event_missing", "An accountability line has no event.", position)
        place = (event["chain_id"], event["chain"], event["seq"])
        try:
            line = open_own(self._vault.keyring, place, row["actor"], row["own"])
        except CoffreError:
            line = {}
        if line.get("time") != row["at"]:
            sentence = "An accountability line is kept under another actor or time than it was written with."
            raise LogFault("line_changed", sentence, position)

    def notices(self) -> dict[str, Any]:
        """Notices by what became of them, and the newest that reached nobody, without identity."""
        with self._vault.store.reading() as tx:
            return notices_told(tx)

    def status(self) -> dict[str, Any]:
        """Bounded counts and the state of the log."""
        with self._vault.store.reading() as tx:
            now_ms = self._vault.now_ms()
            told = vault_status(
                tx,
                self._vault.keyring.root_kind,
                now_ms,
                has_second_place=self._vault.second_place is not None,
            )
            accepted = (each.accepted_now for each in self._vault.issuers.all(tx))
            return told | {"issuers_ending": list(map(_ending, ending(accepted, now_ms // 1000)))}


def _ending(issuer: Issuer) -> str:
    assert issuer.not_after is not None  # else it would not end
    return f"{issuer.name} on {datetime.fromtimestamp(issuer.not_after, UTC).date()}"


def _rows_of(tx: VaultTransaction, chain: Row) -> Iterator[Row]:
    after = 0
    where = {"chain_id": chain["chain_id"], "chain": chain["chain"]}
    while rows := tx.find("event", seq__gt=after, order="seq", limit=PAGE, **where):
        yield from rows
        after = rows[-1]["seq"]


def _event(tx: VaultTransaction, row: Row, chain: Chain | None) -> ChainEvent:
    place = {"chain_id": row["chain_id"], "chain": row["chain"], "seq": row["seq"], "leaf": row["leaf_hash"]}
    entry, position = _entry(tx, row["leaf_hash"]), _position(tx, row["leaf_hash"])
    if chain is None:
        return ChainEvent(entry=entry, position=position, **place)
    try:
        payload = chain.open_event(row)
    except CoffreError:
        sentence = f"The event {row['seq']} of a chain does not open."
        raise LogFault("event_changed", sentence, position) from None
    return ChainEvent(
        entry=entry,
        position=position,
        prev=payload.prev,
        salt=payload.salt,
        event=payload.event,
        **place,
    )


def _entry(tx: VaultTransaction, leaf: bytes) -> bytes | None:
    row = tx.get("entry", leaf_hash=leaf)
    return None if row is None else row["entry"]


def _position(tx: VaultTransaction, leaf: bytes) -> int | None:
    row = tx.get("leaf", leaf_hash=leaf)
    return None if row is None else row["position"]


def _leaves(tx: VaultTransaction) -> Iterator[SequencedEntry]:
    after = -1
    while rows := tx.find("leaf", order="position", limit=PAGE, position__gt=after):
        hashes = [row["leaf_hash"] for row in rows]
        entries = {row["leaf_hash"]: row["entry"] for row in tx.find("entry", leaf_hash__in=hashes)}
        for row in rows:
            yield SequencedEntry(row["position"], row["leaf_hash"], entries.get(row["leaf_hash"]))
        after = rows[-1]["position"]


def _checkpoints(tx: VaultTransaction) -> Iterator[StoredCheckpoint]:
    after = 0
    while rows := tx.find("checkpoint", order="size", limit=PAGE, size__gt=after):
        yield from (StoredCheckpoint(row["note"], row["size"], row["root"]) for row in rows)
        after = rows[-1]["size"]


def _pending(tx: VaultTransaction) -> Iterator[PendingEntry]:
    after = 0
    while rows := tx.find("pending", order="ordinal", limit=PAGE, ordinal__gt=after):
        for row in rows:
            yield PendingEntry(row["leaf_hash"], _entry(tx, row["leaf_hash"]) or b"")
        after = rows[-1]["ordinal"]


def _tiles(tx: VaultTransaction) -> tree.HashReader:
    def read(tile: tree.TileId) -> bytes | None:
        row = tx.get("tile", level=tile.level, number=tile.number)
        return None if row is None else row["hashes"]

    return read
