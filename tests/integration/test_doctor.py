"""`coffre doctor` on a real data directory: it finds what was put wrong there, and nothing else."""

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess, run
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from coffre.installation.install import initialise
from coffre.installation.installation import Installation
from coffre.settings import load
from records.durations import DAY_MS
from sign_in.accounts.purposes import LIFE_MS, Purpose
from tests import igc
from tests.services.service import certificate


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("doctor") / "data"
    initialise(load(data=data))
    return data


def examined(data: Path, etc: Path, **settings: str) -> tuple[int, dict[str, str]]:
    """Exit code, and each check that found something with its sentence."""
    command = [sys.executable, "-m", "coffre.cli", "doctor", "--data", str(data), "--etc", str(etc), "--json"]
    done = run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["findings"]
    return done.returncode, {each["check"]: each["sentence"] for each in found}


def test_a_sound_one_is_well_and_says_so_on_one_screen(data: Path, tmp_path: Path) -> None:
    assert examined(data, tmp_path) == (0, {})
    command = [sys.executable, "-m", "coffre.cli", "doctor", "--data", str(data), "--etc", str(tmp_path)]
    said = run(command, capture_output=True, text=True, check=True).stdout
    assert "WRONG" not in said
    assert len(said.splitlines()) <= 24


def test_what_was_put_wrong_is_found_at_once(data: Path, tmp_path: Path) -> None:
    """A secret that all may read, a certificate that ends tomorrow, a folder of somebody else's."""
    (tmp_path / "secrets").mkdir()
    secret = tmp_path / "secrets/vault.env"
    secret.write_text("COFFRE_VAULT_PIN=1234\n")
    secret.chmod(0o644)
    path, key = certificate(tmp_path)  # for two days
    doors = tmp_path / "doors"
    doors.mkdir()
    if os.geteuid() == 0:
        os.chown(doors, 60_900, 60_900)
    settings = {
        "COFFRE_VAULT_TLS_CERTIFICATE": str(path),
        "COFFRE_VAULT_TLS_KEY": str(key),
        "COFFRE_VAULT_TLS_AUTHORITY": str(path),
        "COFFRE_VAULT_URL": f"unix://{doors}",
    }
    code, found = examined(data, tmp_path, **settings)
    assert code == 1
    assert "chmod 600" in found["secret_files"] and "1234" not in str(found)
    assert "ends in 2 days" in found["certificate"]
    assert "vault_unavailable" in found["status"]
    if os.geteuid() == 0:
        assert "belongs to the user 60900" in found["sockets"]


@pytest.mark.parametrize(
    "setting", ["PROXY_CERTIFICATE", "PROXY_AUTHORITIES", "CARD_AUTHORITIES", "ORGANISATION_AUTHORITIES"]
)
def test_whichever_certificate_ends_tomorrow_is_named(data: Path, tmp_path: Path, setting: str) -> None:
    """The second of a file as well; but not one that has its successor beside it, under the same name."""
    path, _ = certificate(tmp_path, days=90)
    renewed = path.read_bytes()
    path, _ = certificate(tmp_path)
    lasting = igc.Authority(now=datetime.now(UTC)).publish(tmp_path)["card_authorities"]
    path.write_bytes(lasting.read_bytes() + path.read_bytes())
    code, found = examined(data, tmp_path, **{f"COFFRE_{setting}": str(path)})
    assert (code, found.keys()) == (1, {"certificate"})
    assert found["certificate"] == f"{path} ends in 2 days."
    path.write_bytes(path.read_bytes() + renewed)
    assert examined(data, tmp_path, **{f"COFFRE_{setting}": str(path)}) == (0, {})


def test_a_revocation_list_that_was_not_fetched_is_named(data: Path, tmp_path: Path) -> None:
    """Of an authority's lists the newest counts, whatever else lies in the folder."""
    authority, told = igc.Authority(now=datetime.now(UTC)), {"COFFRE_REVOCATION_LISTS": str(tmp_path)}

    def lay(name: str, until: timedelta, since: timedelta) -> None:
        made = authority.revocation_list(since=since, until=until)
        (tmp_path / name).write_bytes(made.public_bytes(Encoding.DER))

    assert "no revocation list" in examined(data, tmp_path, **told)[1]["revocation_lists"]
    lay("old.crl", until=timedelta(hours=5), since=-timedelta(days=1))
    assert "ends in 5 hours" in examined(data, tmp_path, **told)[1]["revocation_lists"]
    lay("new.crl", until=timedelta(days=7), since=-timedelta(hours=1))
    assert examined(data, tmp_path, **told) == (0, {})


def test_the_key_of_the_proxy_is_looked_at_where_it_is_named(data: Path, tmp_path: Path) -> None:
    """nginx reads it, and would say nothing of who else may."""
    _, key = certificate(tmp_path)
    key.chmod(0o640)
    _, found = examined(data, tmp_path, COFFRE_PROXY_KEY=str(key))
    assert f"chmod 600 {key}" in found["secret_files"]
    key.chmod(0o600)
    assert examined(data, tmp_path, COFFRE_PROXY_KEY=str(key)) == (0, {})
    assert examined(data, tmp_path, COFFRE_PROXY_KEY=str(tmp_path / "none")) == (0, {})


def test_a_new_installation_that_has_begun_to_work_is_well(tmp_path: Path) -> None:
    """The issuer that it was made with is no news, in its first week either."""
    settings = load(data=tmp_path / "data")
    initialise(settings)
    with Installation(settings) as installation:
        installation.local_guard()
    assert examined(settings.data, tmp_path) == (0, {})


def test_letters_that_nobody_prints_are_found(tmp_path: Path) -> None:
    settings = load(data=tmp_path / "data")
    initialise(settings)
    with Installation(settings) as installation:
        installation.local_guard()
        now, life = int(installation.clock() * 1000), LIFE_MS[Purpose.RECOVERY]
        with installation.accounts.writing() as tx:
            for days in (1, 5):
                key = {"account_id": uuid4(), "purpose": Purpose.RECOVERY.value}
                tx.insert_new("letter", key | {"code": b"", "expires": now + life - days * DAY_MS})
    code, found = examined(settings.data, tmp_path)
    assert (code, found) == (1, {"letters": "Letters wait to be printed: 2, one for 5 days."})


def test_a_proxy_that_nobody_names_is_found(data: Path, tmp_path: Path) -> None:
    """By the settings of the command; where processes are apart, by the files that they start with."""
    public = {"COFFRE_PUBLIC_URL": "https://coffre.example"}
    code, found = examined(data, tmp_path, **public)
    assert (code, found.keys()) == (1, {"proxies"})
    assert found["proxies"].startswith("coffre serve: ")
    assert examined(data, tmp_path, **public, COFFRE_TRUSTED_PROXIES="127.0.0.1") == (0, {})
    (tmp_path / "settings").mkdir()
    for process, told in (("reader", "COFFRE_TRUSTED_PROXIES='127.0.0.1'\n"), ("signin", "")):
        (tmp_path / f"settings/{process}.env").write_text(
            f"COFFRE_PUBLIC_URL='https://coffre.example'\n{told}"
        )
    assert examined(data, tmp_path, **public)[1]["proxies"].startswith("signin: ")
    (tmp_path / "settings/gateway.env").mkdir()
    assert "cannot be read" in examined(data, tmp_path, **public)[1]["proxies"]


def test_where_there_is_no_installation_it_says_that(tmp_path: Path) -> None:
    code, found = examined(tmp_path / "none", tmp_path)
    assert code == 1
    assert found.keys() == {"settings"}


def doctor(data: Path, etc: Path, metrics: Path, **settings: str) -> "CompletedProcess[str]":
    words = ["--data", str(data), "--etc", str(etc), "--metrics", str(metrics)]
    command = [sys.executable, "-m", "coffre.cli", "doctor", *words]
    return run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=False)


def test_what_could_not_be_looked_at_is_never_well(data: Path, tmp_path: Path) -> None:
    """Without a vault that answers nobody knows whether its log is signed."""
    none, silent = tmp_path / "none", {"COFFRE_VAULT_URL": f"unix://{tmp_path / 'silent'}"}
    file = tmp_path / "coffre.prom"
    for folder, settings, well in ((none, {}, 1), (data, silent, 7)):
        done = doctor(folder, tmp_path, file, **settings)
        assert done.returncode == 1
        assert done.stdout.count("ok     ") == well and "-      log_unsigned: not looked at" in done.stdout
        assert file.read_text().count("} 0") == well and "frozen" not in file.read_text()


def test_a_file_for_metrics_that_cannot_be_written_is_a_sentence(data: Path, tmp_path: Path) -> None:
    done = doctor(data, tmp_path, tmp_path / "none/x.prom")
    assert done.returncode == 1
    assert done.stderr.startswith("no_access: ") and "internal" not in done.stderr


def test_metrics_are_written_beside(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "coffre.prom"
    command = [sys.executable, "-m", "coffre.cli", "doctor", "--data", str(data), "--etc", str(tmp_path)]
    run([*command, "--metrics", str(file)], capture_output=True, check=True)
    assert 'coffre_doctor_finding{check="disk"} 0' in file.read_text()
