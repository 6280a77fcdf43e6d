"""The port of whatever carries messages. An SMS gateway can follow behind it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from keyvault.verbs.housekeeper.delivering import Notice
from records.notices import Delivery

Report = Callable[[str], None]
"""Told the code of a fault of ours or of a server, which is no recipient's."""


class Notifier(Protocol):
    def deliver(self, notices: Sequence[Notice], report: Report) -> Iterator[tuple[Notice, Delivery]]:
        """Try each once, in order; what came of one is answered before the next is tried. Never raises."""


class PageNotifier:
    """Carries nothing: notices stand on the holder's page alone, and whom no page shows them gets none."""

    def deliver(self, notices: Sequence[Notice], report: Report) -> Iterator[tuple[Notice, Delivery]]:
        for notice in notices:
            yield notice, Delivery.PAGE if notice.recipient == "patient" else Delivery.NO_CONTACT
