"""States of keys and of rotations, as rows say them; no key is needed to read one."""

from keyvault.store import Row, VaultRows

# a retiring shard version opens what hangs under it and takes nothing new; of a destroyed one the row remains
LIVE, RETIRING, DESTROYED = "live", "retiring", "destroyed"
ISSUER_ACTIVE, ISSUER_ENDED = "active", "ended"
ISSUER_FIRST = 1  # the version with which a row of `issuer` begins
# row of `meta`: how many rotations of the root began, and whether the last one ended ("3 running", "3 done")
ROOT_ROTATION, RUNNING, NEVER_ROTATED = "root-rotation", "running", "0 done"


def root_rotation(tx: VaultRows) -> str:
    """The row `ROOT_ROTATION`, also where no rotation ever began."""
    row = tx.get("meta", name=ROOT_ROTATION)
    return str(row["value"]) if row is not None else NEVER_ROTATED


def was_there_first(issuer: Row) -> bool:
    """Whether the vault was set up with it: of any other the first version has seen no credential."""
    return issuer["version"] == ISSUER_FIRST and issuer["first_seen"] is not None
