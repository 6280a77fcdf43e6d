"""Events of the door on a real collector: RFC 5424 with JSON, and no sign-in that waits or fails for it."""

import json
import re
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coffre.notifying.syslog import Syslog, message_of
from coffre.notifying.syslog_address import read_syslog_address
from records.errors import Invalid
from records.vocabulary.door_events import DoorEvent
from sign_in.watching.events import Noted

WRONG = Noted(DoorEvent.FIRST_STEP_WRONG, "0f" * 16, "192.0.2.1")
# PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP STRUCTURED-DATA SP MSG
FORM = re.compile(r"<(\d+)>1 (\S+T\S+Z) (\S+) (coffre-signin) (\d+) ([a-z_]+) - \ufeff(\{.*\})")


def test_a_collector_reads_what_happened() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
        collector.bind(("127.0.0.1", 0))
        collector.settimeout(10)
        Syslog(f"udp://127.0.0.1:{collector.getsockname()[1]}").note(WRONG)
        found = FORM.fullmatch(collector.recv(8192).decode())
    assert found is not None
    assert (int(found[1]), found[6]) == (10 * 8 + 4, "password_wrong")
    told = json.loads(found[7])
    assert told == {"event": "password_wrong", "who": WRONG.who, "address": "192.0.2.1"}


def test_so_does_a_relay_on_the_machine(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as relay:
        relay.bind(str(tmp_path / "log"))
        relay.settimeout(10)
        Syslog(f"unix://{tmp_path}/log").note(WRONG)
        assert FORM.fullmatch(relay.recv(8192).decode())


def test_nobody_waits_for_a_collector_that_is_away(tmp_path: Path) -> None:
    Syslog(f"unix://{tmp_path}/nobody").note(WRONG)
    Syslog("udp://127.0.0.1:9").note(WRONG)


def test_an_ordinary_event_is_a_notice() -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    found = FORM.fullmatch(message_of(Noted(DoorEvent.SIGNED_IN, "0f" * 16, "192.0.2.1"), at))
    assert found is not None
    assert (found[1], found[2]) == ("85", "2026-03-01T12:00:00.000Z")


@pytest.mark.parametrize("url", ["", "udp://host", "tcp://host:514", "unix://", "udp://host:x", "host:514"])
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        read_syslog_address(url)
