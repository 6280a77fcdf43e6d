"""One turn of the messenger: take what waits, try to send it, say what came of it.

Sent once in effect: between sending and saying so a kill leaves the notice leased, and it is sent again a
minute later with the same Message-ID, by which mail systems know it for the same.
"""

import logging
import time
from collections.abc import Callable
from uuid import uuid4

from coffre.notifying.notifier import Notifier, PageNotifier
from coffre.notifying.smtp_address import read_smtp_address
from coffre.notifying.smtp_notifier import SmtpNotifier
from coffre.settings import Settings
from keyvault.process.guard import HousekeeperDoor
from keyvault.verbs.housekeeper.delivering import NOTICE_LEASE_MS
from records.errors import Invalid

log = logging.getLogger("coffre.notices")
_TURN_S = NOTICE_LEASE_MS / 1000 / 2  # after it nothing more of what was taken is begun


class Messenger:
    """Each copy leases under a name of its own."""

    def __init__(
        self, vault: HousekeeperDoor, notifier: Notifier, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._vault, self._notifier, self._clock = vault, notifier, clock
        self._name = str(uuid4())

    def notify(self) -> int:
        """Answers how many were tried. What was not reached is free again when its lease ends."""
        began, tried = self._clock(), 0
        notices = self._vault.take_notices(self._name)
        for notice, delivery in self._notifier.deliver(notices, _report):
            self._vault.ack_notice(notice.notice_id, self._name, delivery)
            tried += 1
            if self._clock() - began > _TURN_S:
                break
        return tried


def notifier_of(settings: Settings, origin: str | None) -> Notifier:
    """Raises `Invalid` "bad_setting" where readers can't be told where to sign in."""
    server = read_smtp_address(settings.notices_url)
    if server is None:
        return PageNotifier()
    if origin is None or settings.notices_from is None:
        raise Invalid(
            "Messages say where to sign in and whom they are from: set COFFRE_PUBLIC_URL and "
            "COFFRE_NOTICES_FROM.",
            code="bad_setting",
        )
    return SmtpNotifier(server, settings.notices_from, origin)


def _report(code: str) -> None:
    log.warning("notices could not be sent", extra={"code": code})
