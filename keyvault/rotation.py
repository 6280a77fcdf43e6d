"""Rotation of the root: what hangs under it is wrapped anew, and nothing else (formats.md section 2).

It may be killed at any point and run again. Each step is one transaction over a batch; a batch that was done
is recognised because the new root opens it. A vault that runs meanwhile goes on with the keys it opened, and
makes no day key until it is restarted with the new root. Keep the old root until the last backup of the
vault that was made under it has expired: that backup opens with it alone.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from keyvault.keyring import (
    LIVE,
    RETIRING,
    ROOT_ROTATION,
    RUNNING,
    Keyring,
    day_context,
    root_rotation,
    secret_context,
    shard_context,
)
from keyvault.roots.ports import BATCH, Root, RootError
from keyvault.store import Row, VaultStore
from records.errors import CoffreError

Items = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """How many keys were moved to the new root, and how many an earlier, interrupted run had moved."""

    moved: int
    before: int

    def __add__(self, other: "Rewrapped") -> "Rewrapped":
        return Rewrapped(self.moved + other.moved, self.before + other.before)


def rotate_root(store: VaultStore, day_keys: VaultStore, old: Root, new: Root) -> Rewrapped:
    """Wraps secrets, shard keys and live day keys by `new`, which may be `old` after it took a new version.

    Raises `RootError` "root_rotation_neither" where a key opens under neither root, or what a root raises;
    then everything opens as before the step that failed, and running it again goes on.
    """
    _begin(store)
    done = Rewrapped(0, 0)
    for table, columns, context in (
        ("secret", ("name", "version"), secret_context),
        ("shard", ("shard_id", "version"), shard_context),
    ):
        with store.reading() as tx:
            rows = tx.find(table, state__in=[LIVE, RETIRING], order=columns)
        for batch in _batches(rows):
            done += _move(store, table, columns, batch, context, old, new)
    with day_keys.reading() as tx:
        days = tx.find("day_key", destroyed_at=None, order="day")
    done += _move(day_keys, "day_key", ("day",), days, day_context, old, new)
    Keyring(store, new)  # what was written opens
    _end(store)
    return done


def _begin(store: VaultStore) -> None:
    """From here on no vault wraps a day key by the root it was started with."""
    with store.writing() as tx:
        number, state = root_rotation(tx).split()
        if state != RUNNING:
            tx.delete("meta", name=ROOT_ROTATION)
            tx.insert("meta", {"name": ROOT_ROTATION, "value": f"{int(number) + 1} {RUNNING}"})


def _end(store: VaultStore) -> None:
    with store.writing() as tx:
        number, _ = root_rotation(tx).split()
        tx.update("meta", {"value": f"{number} done"}, name=ROOT_ROTATION)


def _move(
    store: VaultStore,
    table: str,
    columns: Sequence[str],
    rows: Sequence[Row],
    context: Callable[[Row], bytes],
    old: Root,
    new: Root,
) -> Rewrapped:
    """Ask the roots first, then write: no transaction is open while a root answers."""
    wraps = rewrapped([(row["wrap"], context(row)) for row in rows], old, new)
    moved = 0
    with store.writing() as tx:
        for row, wrap in zip(rows, wraps, strict=True):
            if wrap is not None:
                place = {column: row[column] for column in columns}
                # a row that changed since it was read (another run, a destruction) keeps its change
                moved += tx.update(table, {"wrap": wrap}, **place, wrap=row["wrap"])
    return Rewrapped(moved, len(rows) - moved)


def rewrapped(items: Items, old: Root, new: Root) -> list[bytes | None]:
    """The keys wrapped by `new`, None for those that are already.

    Batches commit whole, so either root opens all of one; halving finds the few that differ.
    """
    if not items:
        return []
    keys = _opened(old, items)
    if keys is not None:
        contexts = [context for _, context in items]
        return list(new.wrap_many(list(zip(keys, contexts, strict=True))))
    if _opened(new, items) is not None:
        return [None] * len(items)
    if len(items) == 1:
        raise RootError(
            "A key opens under neither root: give the root that this vault was last started with.",
            code="root_rotation_neither",
        )
    half = len(items) // 2
    return rewrapped(items[:half], old, new) + rewrapped(items[half:], old, new)


def _opened(root: Root, items: Items) -> list[bytes] | None:
    try:
        return root.unwrap_many(items)
    except CoffreError as error:
        if error.code != "root_unwrap_failed":
            raise
        return None


def _batches(rows: Sequence[Row]) -> Iterable[Sequence[Row]]:
    return (rows[at : at + BATCH] for at in range(0, len(rows), BATCH))
