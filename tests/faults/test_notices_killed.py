"""A kill while a message leaves: nothing is lost, and what comes twice is known for the same (ADR 28)."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httpx
import pytest

from coffre.demonstration.server import DemoServer
from coffre.installation.install import initialise
from coffre.notifying.messenger import Messenger, notifier_of
from coffre.settings import load
from coffre.wiring import System
from keyvault.verbs.housekeeper.delivering import NOTICE_LEASE_MS
from tests.faults.killable import KillableServer
from tests.integration.support import STRANGER, Coffre, Patient
from tests.integration.test_notices import FROM, GLASS, Told, listed, reachable
from tests.services.mail import TAKEN, Mail, mail_server
from tests.services.processes import free_port

ADDRESS = "jeanne@example.fr"


@dataclass
class Scene:
    """A server whose patient can be written to, and the mail server that it writes through."""

    data: Path
    mail: Mail
    server: KillableServer
    patient: Patient
    told: Told


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    data = tmp_path / "data"
    with mail_server(tmp_path / "mail") as mail, pytest.MonkeyPatch.context() as environment:
        initialise(load(data=data))
        environment.setenv("COFFRE_NOTICES_URL", mail.url)
        environment.setenv("COFFRE_NOTICES_FROM", FROM)
        server = KillableServer(data, free_port())
        try:
            told = Told(Coffre(data, cast(DemoServer, server)), mail)
            yield Scene(data, mail, server, reachable(told, ADDRESS), told)
        finally:
            server.end()


@pytest.mark.requirement("R57")
@pytest.mark.parametrize("taken", [True, False], ids=["once it was taken", "before it was taken"])
def test_a_notice_is_sent_once_in_effect_though_its_sender_is_killed(scene: Scene, taken: bool) -> None:
    """SIGKILL to every process of the server while the mail server answers, before anybody says what came."""

    gone = threading.Event()

    def killed(_address: str) -> str:
        scene.server.kill()
        gone.set()
        return TAKEN if taken else "451 4.2.1 later"

    scene.mail.to_message = killed
    doctor = scene.told.coffre.professional(STRANGER)
    with suppress(httpx.TransportError):  # the notice is queued before the answer leaves
        listed(scene.told, doctor, scene.patient, **GLASS)
    assert gone.wait(30)
    before = scene.mail.wait_for(ADDRESS) if taken else []
    assert len(scene.mail.to(ADDRESS)) == int(taken)
    scene.mail.to_message = lambda _address: TAKEN
    assert turns(scene, 0) == 0  # it is leased to who is no more
    assert turns(scene, NOTICE_LEASE_MS / 1000 + 1) == 1
    assert turns(scene, 2 * NOTICE_LEASE_MS / 1000 + 2) == 0
    *first, last = scene.mail.to(ADDRESS)
    assert [each["Message-ID"] for each in first] == [last["Message-ID"]] * len(before)


def turns(scene: Scene, later_s: float) -> int:
    """A turn of another messenger, so much later; how many notices it tried."""
    settings = load(data=scene.data)
    with System(settings, clock=lambda: time.time() + later_s, vault_here=True) as system:
        notifier = notifier_of(system.settings, "http://127.0.0.1:8080")
        return Messenger(system.guard.housekeeper, notifier).notify()
