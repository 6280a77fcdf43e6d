"""Leases of workers that are gone."""

from keyvault.process.guard import HousekeeperDoor
from records.errors import CoffreError
from storage.ports.index import OperatorIndex


def end_leases(vault: HousekeeperDoor, index: OperatorIndex) -> None:
    """Take submissions from workers that are gone, in both stores; for who knows that none of them lives."""
    try:
        vault.end_leases()
    except CoffreError as error:
        if error.code != "vault_frozen":  # restored: it gives nothing out, and its leases run out
            raise
    index.end_leases()
