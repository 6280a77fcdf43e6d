"""Whose the folders of a data directory are: systemd, by the rendered files, and the command do the same."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coffre.cli import app
from coffre.deploying import rendering
from coffre.deploying.folders import hand_over
from coffre.deploying.processes import CALLERS, PROCESSES, number_of
from tests.services.installed import installed
from tests.services.processes import debian
from tests.unit.coffre.deploying.test_site import site

DATA = "var/lib/coffre"
Whose = dict[str, tuple[int, int, int]]
NOBODY, REFUSED = 65_534, 1
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="without root the first test holds")


def made(root: Path) -> Path:
    data = root / DATA
    data.parent.mkdir(parents=True)
    installed(data)
    return data


def whose(data: Path) -> Whose:
    """User, group and mode of all that belongs to a process."""
    found = {str(path.relative_to(data)): path.stat() for path in (data, *data.rglob("*"))}
    return {path: (s.st_uid, s.st_gid, stat.S_IMODE(s.st_mode)) for path, s in found.items()}


def by_systemd(root: Path) -> Whose:
    data, files = made(root), rendering.rendered(site())
    (root / "etc").mkdir()
    for command, name in (("systemd-sysusers", "sysusers.d"), ("systemd-tmpfiles", "tmpfiles.d")):
        file = root / f"{command}.conf"
        file.write_text(files[f"{name}/coffre.conf"])
        create = ["--create"] if name == "tmpfiles.d" else []
        subprocess.run([debian(command, "systemd"), *create, f"--root={root}", file], check=True)
    return whose(data)


def by_command(root: Path) -> Whose:
    data = made(root)
    for _ in range(2):
        hand_over(data)
    return whose(data)


def without_root(data: Path) -> int:
    """The command's end for somebody who is not root; its sentence is on standard error."""
    child = os.fork()
    if child == 0:
        if os.geteuid() == 0:
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        found = CliRunner().invoke(app, ["deploy", "folders", "--data", str(data)])
        os._exit(found.exit_code if "not_root" in found.stderr else 99)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_root_alone_gives_files_to_others(tmp_path: Path) -> None:
    assert without_root(made(tmp_path)) == REFUSED


@as_root
def test_both_give_every_folder_to_whose_it_is(tmp_path: Path) -> None:
    found = by_systemd(tmp_path / "one")
    assert found == by_command(tmp_path / "two")
    intake, gateway, vault = number_of("intake"), number_of("gateway"), number_of("vault")
    assert found["pages"] == (intake, gateway, 0o750)
    assert found["pages/proof.key"] == (intake, gateway, 0o640), "the pages prove their calls by it"
    reader = number_of("reader")
    assert found["reader/proof.key"] == (reader, reader, 0o600), "and what viewers ask in a session"
    assert found["vault"] == (vault, vault, 0o700)
    assert found["authority"][:2] == (0, 0)
    assert found["coffre"][2] == 0o644
    assert found["."][2] == 0o711


@as_root
def test_doors_and_roles_go_to_whose_they_are(tmp_path: Path) -> None:
    doors, roles, certificates = (tmp_path / name for name in ("doors", "roles", "certificates"))
    for folder in (doors, roles, certificates):
        folder.mkdir(0o700)
    for process in PROCESSES:
        (roles / f"{process}.env").touch(0o600)
    hand_over(made(tmp_path), doors, roles, certificates)
    found = doors.stat()
    assert (found.st_uid, found.st_gid) == (number_of("vault"), number_of(CALLERS))
    assert stat.S_IMODE(found.st_mode) == 0o2750, "sockets inherit the group"
    assert {(roles / f"{name}.env").stat().st_uid for name in PROCESSES} == {*map(number_of, PROCESSES)}
    entered = certificates.stat()
    assert (entered.st_uid, stat.S_IMODE(entered.st_mode)) == (number_of("signin"), 0o755)
