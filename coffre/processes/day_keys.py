"""Reception keys on their way from the vault to intake, which never calls it."""

from keyvault.process.guard import HousekeeperDoor
from storage.index_parts import ReceptionKeys


def publish_day_keys(vault: HousekeeperDoor, index: ReceptionKeys) -> None:
    """Hand today's and tomorrow's reception keys to intake, through the index."""
    for day, document in vault.day_keys().items():
        index.put_reception_key(day, document)
