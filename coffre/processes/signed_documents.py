"""Reception keys and the list of issuers on their way from the vault to intake, which never calls it."""

from typing import Protocol

from keyvault.process.guard import HousekeeperDoor
from storage.ports.index_parts import PublishedIssuers, ReceptionKeys


class _Published(ReceptionKeys, PublishedIssuers, Protocol):
    """Where the vault's signed documents are kept for others."""


def publish_day_keys(vault: HousekeeperDoor, index: ReceptionKeys) -> None:
    """Hand today's and tomorrow's reception keys to intake, through the index."""
    for day, document in vault.day_keys().items():
        index.put_reception_key(day, document)


def publish_issuers(vault: HousekeeperDoor, index: PublishedIssuers) -> None:
    """Hand on whose credentials are accepted."""
    index.put_issuers(vault.issuers_document())


def publish(vault: HousekeeperDoor, index: _Published) -> None:
    """All that others must have before the first request."""
    publish_day_keys(vault, index)
    publish_issuers(vault, index)
