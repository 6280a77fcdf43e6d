"""Events of the door as syslog messages (RFC 5424) with JSON in them, by UDP (RFC 5426) or a local socket.

A relay on the machine (rsyslog, syslog-ng) carries them on over TLS: no sign-in waits for a collector.
"""

import json
import os
import socket
from datetime import UTC, datetime

from coffre.notifying.syslog_address import read_syslog_address
from records.vocabulary.door_events import FAILURES, DoorEvent
from sign_in.watching.events import Noted

FACILITY = 10  # security and authorisation messages, authpriv
NOTICE, WARNING = 5, 4
_ALARMING = frozenset(
    {
        *FAILURES,
        DoorEvent.NEW_DEVICE,
        DoorEvent.LETTER_ASKED,
        DoorEvent.CONTACT_CHANGED,
        DoorEvent.BROWSER_ASKED,
        DoorEvent.ACCOUNT_ASKED,
        DoorEvent.THRESHOLD,
    }
)
_BOM = "\ufeff"  # RFC 5424 section 6.4: what follows is UTF-8


class Syslog:
    """Sends and forgets: what no collector takes is lost, and counted by nobody."""

    def __init__(self, url: str) -> None:
        self._family, self._address = read_syslog_address(url)
        self._socket = socket.socket(self._family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def note(self, noted: Noted) -> None:
        try:
            self._socket.sendto(message_of(noted, datetime.now(UTC)).encode(), self._address)
        except OSError:
            return  # no sign-in fails for want of a collector


def message_of(noted: Noted, at: datetime) -> str:
    """One message: header, no structured data, JSON."""
    severity = WARNING if noted.event in _ALARMING else NOTICE
    when = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    host = socket.gethostname() or "-"
    body = {"event": noted.event.value, "who": noted.who, "address": noted.address}
    said = json.dumps(body, ensure_ascii=False)
    header = f"<{FACILITY * 8 + severity}>1 {when} {host} coffre-signin {os.getpid()} {noted.event.value}"
    return f"{header} - {_BOM}{said}"
