"""A vault that was stopped: its callers hear so in time, and what they gave up is not done later.

Else a holder's authorisation, given up by everybody, could come after the revocation that was acknowledged.
"""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from coffre.demo_authority.identities import Identities
from coffre.installation.install import initialise
from coffre.settings import load
from coffre.wiring import System
from keyvault.process import client
from keyvault.process.client import connect
from keyvault.verbs.call import Call, Denied
from records.errors import CoffreError
from tests.integration.running import process
from tests.integration.support import TRAITS, new_ins

WAITS_S = 1


def test_what_a_stopped_vault_was_asked_is_not_done_once_its_caller_has_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT_S", WAITS_S)
    data, doors = tmp_path / "data", f"unix://{tmp_path}/doors"
    initialise(load(data=data))
    given_up, wanted = new_ins(), new_ins()
    with System(load(data=data)) as system:
        operator = Identities(system).operator()
        patients = {ins: Call(token=Identities(system).patient(ins)) for ins in (given_up, wanted)}
    with process("vault", "serve", "--data", str(data), env={"COFFRE_VAULT_URL": doors}) as vault:
        guard = connect(doors)
        guard.inspector.status()
        os.kill(vault.pid, signal.SIGSTOP)
        begun = time.monotonic()
        with pytest.raises(CoffreError) as told:
            guard.operator.open_record(operator, given_up, TRAITS, consent_by="me", consent_how="spoken")
        assert told.value.code == "vault_unavailable"
        assert time.monotonic() - begun < 3 * WAITS_S
        os.kill(vault.pid, signal.SIGCONT)
        monkeypatch.setattr(client, "TIMEOUT_S", 30)
        connected = connect(doors)
        connected.operator.open_record(operator, wanted, TRAITS, consent_by="me", consent_how="spoken")
        assert not isinstance(connected.reader.resolve(patients[wanted], wanted), Denied)
        assert isinstance(connected.reader.resolve(patients[given_up], given_up), Denied)


def test_a_verification_of_the_whole_log_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the log is, where any other verb is given up."""
    monkeypatch.setattr(client, "TIMEOUT_S", WAITS_S)
    data, doors = tmp_path / "data", f"unix://{tmp_path}/doors"
    initialise(load(data=data))
    with process("vault", "serve", "--data", str(data), env={"COFFRE_VAULT_URL": doors}) as vault:
        inspector = connect(doors).inspector
        size = inspector.verify_log().size
        os.kill(vault.pid, signal.SIGSTOP)
        goes_on = threading.Timer(3 * WAITS_S, os.kill, (vault.pid, signal.SIGCONT))
        goes_on.start()
        with pytest.raises(CoffreError):
            connect(doors).inspector.status()
        assert inspector.verify_log().size == size
        goes_on.join()
