"""Rotate the root: wrap anew the keys right under it, and nothing else (formats.md section 2).

It may be killed at any point and run again. Each step is one transaction over a batch; a batch that was done
is recognised because the new root opens it. A vault that runs meanwhile goes on with the keys it opened, and
makes no day key until it is restarted with the new root. Keep the old root until the last backup of the
vault that was made under it has expired: that backup opens with it alone.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from keyvault.keys.keyring import Keyring
from keyvault.keys.root_secrets import day_context, secret_context, shard_context
from keyvault.keys.states import LIVE, RETIRING, ROOT_ROTATION, RUNNING, root_rotation
from keyvault.roots.ports import BATCH, Root, RootError
from keyvault.store import Row, VaultStore
from records.errors import CoffreError

Items = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """The number of keys moved to the new root, and of those that an earlier, interrupted run had moved."""

    moved: int
    before: int

    def __add__(self, other: "Rewrapped") -> "Rewrapped":
        return Rewrapped(self.moved + other.moved, self.before + other.before)


class EitherRoot(Root):
    """The former root and the new one together: a vault starts with it at any point of a rotation."""

    def __init__(self, old: Root, new: Root) -> None:
        self._old, self._new = old, new

    @property
    def name(self) -> str:
        return f"{self._old.name} or {self._new.name}"

    def wrap_many(self, items: Items) -> list[bytes]:
        """By the new root: what it wraps need not be moved."""
        return self._new.wrap_many(items)

    def unwrap_many(self, items: Items) -> list[bytes]:
        """Raises `RootError` "root_rotation_neither"."""
        return [key for key, _ in _opened_by_either(items, self._old, self._new)]


def rotate_root(
    store: VaultStore,
    day_keys: VaultStore,
    old: Root,
    new: Root,
    *,
    told: Callable[[int, int], None] = lambda done, of: None,
) -> Rewrapped:
    """Wraps secrets, shard keys and live day keys by `new`, which may be `old` after it took a new version.

    `told` hears how many keys of how many are done. Raises `RootError` "root_rotation_neither" where a key
    opens under neither root, or what a root raises; then everything opens as before the step that failed, and
    running it again goes on.
    """
    _begin(store)
    tables = list(_tables(store, day_keys))
    done, total = Rewrapped(0, 0), sum(len(rows) for *_, rows in tables)
    for place, table, columns, context, rows in tables:
        for batch in _batches(rows):
            done += _move(place, table, columns, batch, context, old, new)
            told(done.moved + done.before, total)
    Keyring(store, new)  # what was written opens
    _end(store)
    return done


def keys_under_root(store: VaultStore, day_keys: VaultStore) -> int:
    """The number of keys that a rotation of the root moves."""
    return sum(len(rows) for *_, rows in _tables(store, day_keys))


def _tables(
    store: VaultStore, day_keys: VaultStore
) -> Iterator[tuple[VaultStore, str, Sequence[str], Callable[[Row], bytes], list[Row]]]:
    """Every key that hangs under the root: its store, table, key columns, context, rows."""
    for table, columns, context in (
        ("secret", ("name", "version"), secret_context),
        ("shard", ("shard_id", "version"), shard_context),
    ):
        with store.reading() as tx:
            rows = tx.find(table, state__in=[LIVE, RETIRING], order=columns)
        yield store, table, columns, context, rows
    with day_keys.reading() as tx:
        yield day_keys, "day_key", ("day",), day_context, tx.find("day_key", destroyed_at=None, order="day")


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
    """The keys wrapped by `new`, None for those that are already."""
    found = _opened_by_either(items, old, new)
    left = [(key, context) for (key, moved), (_, context) in zip(found, items, strict=True) if not moved]
    wraps = iter(new.wrap_many(left) if left else ())
    return [None if moved else next(wraps) for _, moved in found]


def _opened_by_either(items: Items, old: Root, new: Root) -> list[tuple[bytes, bool]]:
    """The keys, each with whether it was moved already.

    Batches commit whole, so either root opens all of one; halving finds the few that differ.
    """
    if not items:
        return []
    for root, moved in ((old, False), (new, True)):
        keys = _opened(root, items)
        if keys is not None:
            return [(key, moved) for key in keys]
    if len(items) == 1:
        raise RootError(
            "A key opens under neither root: give the root that this vault was last started with.",
            code="root_rotation_neither",
        )
    half = len(items) // 2
    return _opened_by_either(items[:half], old, new) + _opened_by_either(items[half:], old, new)


def _opened(root: Root, items: Items) -> list[bytes] | None:
    try:
        return root.unwrap_many(items)
    except CoffreError as error:
        if error.code != "root_unwrap_failed":
            raise
        return None


def _batches(rows: Sequence[Row]) -> Iterable[Sequence[Row]]:
    return (rows[at : at + BATCH] for at in range(0, len(rows), BATCH))
