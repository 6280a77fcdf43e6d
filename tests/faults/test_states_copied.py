"""A reader that dies between the vault's decision on a document's state and the copy in the index."""

import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest

from coffre.commands.check import check_of
from coffre.demonstration.files import data as demo_data
from coffre.housekeeper.chores import Chores
from coffre.installation.install import initialise
from coffre.settings import load
from coffre.wiring import System
from keyvault.process.guard import Guard
from keyvault.verbs.housekeeper.changed_states import SETTLED_MS
from tests.integration.support import HOSPITAL, Coffre
from tests.services.warm import WarmServer

KILLED = """
import os, signal, sys
from pathlib import Path
from uuid import UUID
from coffre.settings import load
from coffre.wiring import System
from keyvault.verbs.call import Call
from records.vocabulary.codes import Action
from viewer_api.access import Access

with System(load(data=Path(sys.argv[1])), vault_here=True) as system:
    class Dying:
        def set_state(self, *_):
            os.kill(os.getpid(), signal.SIGKILL)
    access = Access(Dying(), system.guard.reader)
    access.change_document(Call(token=sys.argv[2]), UUID(sys.argv[3]), Action(sys.argv[4]))
"""


@pytest.fixture
def deposited(tmp_path: Path) -> tuple[Path, str, str]:
    """A data directory whose server has stopped; the author's token, and a document."""
    data = tmp_path / "data"
    initialise(load(data=data))
    with WarmServer(data) as server:
        coffre = Coffre(data, server)
        patient, hospital = coffre.open_record(), coffre.depositor(HOSPITAL)
        sent = coffre.publish_pdf(hospital, patient.ins, demo_data.report_pdf())
        assert sent.status_code == 201, sent.text
    return data, hospital, str(sent.json()["id"])


def differing(system: System) -> set[str]:
    return set(check_of(system, scrub=False).run().counts)


@pytest.mark.requirement("R32", "R37")
@pytest.mark.parametrize(("action", "state"), [("archive", "archived"), ("delete", "deleted")])
def test_the_housekeeper_copies_what_a_killed_reader_did_not(
    deposited: tuple[Path, str, str], monkeypatch: pytest.MonkeyPatch, action: str, state: str
) -> None:
    data, token, document = deposited
    command = [sys.executable, "-c", KILLED, data, token, document, action]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == -9, done.stderr.decode()
    with System(load(data=data), vault_here=True) as system:
        assert differing(system) == {"state_differs"}
        assert isinstance(system.guard, Guard)
        vault = system.guard.housekeeper._vault
        with vault.store.writing() as tx:
            tx.delete("lease", name="sequencer")  # of the server's housekeeper, which has ended
        chores = Chores(system.index, system.objects, system.guard)
        chores.sequence()
        assert chores.copy_states() == 0  # whoever asked may still be about to write it
        monkeypatch.setattr(vault, "now_ms", lambda: int(time.time() * 1000) + SETTLED_MS + 1000)
        assert chores.copy_states() == 1
        assert chores.copy_states() == 0
        assert differing(system) == set()
        found = system.index.document(UUID(document))
        assert found is not None and found[0].state == state
