"""The part of the log that the second place is known to have."""

from keyvault.store import VaultRows


def shipped_size(tx: VaultRows) -> int:
    """The number of entries that the second place is known to have."""
    rows = tx.find("shipped", order="-number", limit=1)
    return int(rows[0]["size"]) if rows else 0
