"""`coffre send` as a laboratory uses it: large folders with bad files, CDs, archives, interruptions."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.laboratory import instances, write_laboratory
from tests.integration.support import Coffre, Patient, new_ins
from tests.services.warm import WarmServer
from tests.unit.coffre.test_send_files import dicomdir


@dataclass
class Sender:
    """`coffre send` as a process of its own, with a home of its own."""

    coffre: Coffre
    patient: Patient
    home: Path

    def command(self, *paths: Path, more: tuple[str, ...] = ()) -> list[str]:
        token = self.home / "token"
        if not token.exists():
            token.write_text(self.coffre.depositor())
        to = ("--record", self.patient.ins, "--to", self.coffre.url, "--token-file", str(token))
        return [sys.executable, "-m", "coffre.cli", "send", *map(str, paths), *to, *more]

    def start(self, *paths: Path, more: tuple[str, ...] = ("--json-lines",)) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self.command(*paths, more=more),
            env={**os.environ, "HOME": str(self.home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *paths: Path, status: int = 0, more: tuple[str, ...] = ()) -> dict[str, Any]:
        running = self.start(*paths, more=("--json", *more))
        out, err = running.communicate(timeout=3000)
        assert running.returncode == status, (running.returncode, err)
        assert "Traceback" not in err
        found: dict[str, Any] = json.loads(out)
        return found

    def journals(self) -> list[Path]:
        return [*self.home.rglob("*.journal")]


@pytest.fixture
def sender(coffre: Coffre, patient: Patient, tmp_path: Path) -> Sender:
    home = tmp_path / "home"
    home.mkdir()
    return Sender(coffre, patient, home)


def codes(verdicts: dict[str, Any]) -> dict[str, str]:
    """Code of what was not kept, by name."""
    kept = ("published", "duplicate")
    return {Path(one["path"]).name: one["code"] for one in verdicts["files"] if one["outcome"] not in kept}


def check_laboratory(verdicts: dict[str, Any], expected: dict[str, str], count: int) -> None:
    found = codes(verdicts)
    assert found.keys() == expected.keys()
    assert all(found[name] == code for name, code in expected.items() if code)
    assert verdicts["summary"].get("published") == count - len(expected)


def test_a_laboratorys_folder_goes_through_but_for_its_bad_files(sender: Sender, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    expected = write_laboratory(folder, sender.patient.ins, new_ins(), 400, 12)
    verdicts = sender.run(folder, status=1)
    check_laboratory(verdicts, expected, 400)
    assert len(sender.patient.documents()) == 4  # one study goes in one request and is one document


@pytest.mark.long
def test_ten_thousand_files_with_thirty_bad_ones_need_nobody(sender: Sender, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    expected = write_laboratory(folder, sender.patient.ins, new_ins(), 10_000, 30)
    before = time.perf_counter()
    running = sender.start(folder, more=("--json",))
    peak: list[int] = []
    watcher = threading.Thread(target=watch_memory, args=(running, peak))
    watcher.start()
    out, _ = running.communicate(timeout=3000)
    watcher.join()
    took = time.perf_counter() - before
    assert running.returncode == 1
    check_laboratory(json.loads(out), expected, 10_000)
    print(f"\n10 000 files in {took:.0f} s, {10_000 / took:.0f} files/s, sender's peak {max(peak) >> 10} MiB")
    assert max(peak) < 400 << 10


def watch_memory(running: "subprocess.Popen[str]", peak: list[int]) -> None:
    """Appends the peak resident set in KiB until the process ends."""
    while running.poll() is None:
        try:
            status = Path(f"/proc/{running.pid}/status").read_text()
        except OSError:
            return
        peak += [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")]
        time.sleep(0.2)


@contextmanager
def half_sent(sender: Sender, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A run with one request at a time, of which some verdicts have come and some not."""
    running = sender.start(folder, more=("--json-lines", "--parallel", "1"))
    assert running.stdout is not None
    assert json.loads(running.stdout.readline())["outcome"] == "published"
    yield running
    running.communicate(timeout=60)


def export(sender: Sender, folder: Path, count: int = 240, per_study: int = 20) -> Path:
    for name, content in instances(sender.patient.ins, count, per_study=per_study):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(
    ("how", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)], ids=["ctrl-c", "kill -9"]
)
def test_an_interrupted_run_goes_on_where_it_was(
    sender: Sender, tmp_path: Path, how: signal.Signals, code: int
) -> None:
    folder = export(sender, tmp_path / "export")
    with half_sent(sender, folder) as running:
        running.send_signal(how)
    assert running.returncode == code
    (journal,) = sender.journals()
    known = len(journal.read_text().splitlines()) - 1
    assert 20 <= known < 240
    again = sender.run(folder)
    outcomes = again["summary"]
    # what was on its way when it was interrupted may have arrived: one request of twenty
    assert outcomes.get("duplicate", 0) <= 20
    assert outcomes["published"] + outcomes.get("duplicate", 0) == 240
    assert sender.journals() == []  # nothing is left to go on with
    assert submissions(sender) <= 240 // 20 + 1


def submissions(sender: Sender) -> int:
    """How many deposits in this record the holder's log shows."""
    return sum(event["action"] == "deposit" for event in sender.patient.log())


@contextmanager
def restarted(coffre: Coffre) -> Iterator[None]:
    """The same server anew, at its old address."""
    coffre.server.stop()
    with WarmServer(coffre.data, coffre.server.port):
        yield


def test_a_server_that_restarts_meanwhile_is_waited_for(fresh_coffre: Coffre, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    sender = Sender(fresh_coffre, fresh_coffre.open_record(), home)
    folder = export(sender, tmp_path / "export")
    running = sender.start(folder, more=("--json", "--parallel", "2"))
    journal = home / ".local/state/coffre"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not any(len(p.read_bytes()) > 200 for p in journal.glob("*")):
        time.sleep(0.05)
    with restarted(fresh_coffre):
        out, err = running.communicate(timeout=120)
    assert running.returncode == 0, err
    counts = json.loads(out)["summary"]
    assert counts["published"] + counts.get("duplicate", 0) == 240


@pytest.mark.long
def test_a_server_that_is_away_leaves_the_rest_for_the_next_run(fresh_coffre: Coffre, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    sender = Sender(fresh_coffre, fresh_coffre.open_record(), home)
    folder = export(sender, tmp_path / "export", count=60)
    fresh_coffre.server.stop()
    running = sender.start(folder)
    _, err = running.communicate(timeout=120)
    assert (running.returncode, err.split(":")[0]) == (1, "unreachable")
    with restarted(fresh_coffre):
        assert sender.run(folder)["summary"] == {"published": 60}


def test_a_journal_by_name_remembers_for_later_runs(sender: Sender, tmp_path: Path) -> None:
    folder, journal = export(sender, tmp_path / "export", count=40), tmp_path / "sent.journal"
    more = ("--journal", str(journal))
    first = sender.run(folder, more=more)
    (folder / "0000" / "corrected").write_bytes(sender.patient.ct(slices=1)[0])
    before = submissions(sender)
    second = sender.run(folder, more=more)
    assert first["summary"] == {"published": 40}
    assert second["summary"] == {"published": 41}  # nothing was sent to be a duplicate
    assert submissions(sender) == before + 1


def test_a_cd_and_an_archive_of_it_are_one_deposit(sender: Sender, tmp_path: Path) -> None:
    cd = tmp_path / "cd"
    (cd / "dicom").mkdir(parents=True)
    names = []
    for number, (_, content) in enumerate(instances(sender.patient.ins, 5)):
        (cd / "dicom" / f"im{number:04d}").write_bytes(content)
        names.append(["DICOM", f"IM{number:04d}"])
    (cd / "DICOMDIR").write_bytes(dicomdir([*names, ["DICOM", "IM0404"], ["..", "..", "etc", "passwd"]]))
    first = sender.run(cd / "DICOMDIR", status=1)
    assert first["summary"] == {"published": 5, "failed": 2, "skipped": 1}
    assert codes(first) == {"DICOMDIR": "dicomdir", "IM0404": "missing_file", "passwd": "outside_medium"}
    archive = Path(shutil.make_archive(str(tmp_path / "cd"), "zip", cd))
    second = sender.run(archive, status=1)
    assert second["summary"] == {"duplicate": 5, "failed": 2, "skipped": 1}
    assert {one["member"] for one in second["files"] if one["outcome"] == "duplicate"} == {
        f"dicom/im{number:04d}" for number in range(5)
    }


def test_a_directory_file_below_a_dicomdir_leads_to_each_image_once(sender: Sender, tmp_path: Path) -> None:
    medium = tmp_path / "medium"
    (medium / "S1").mkdir(parents=True)
    (medium / "DICOMDIR").write_bytes(dicomdir([["S1", "DIRFILE"]]))
    (medium / "S1" / "DIRFILE").write_bytes(dicomdir([["S1", "I0"], ["S1", "I1"]]))
    for number, (_, content) in enumerate(instances(sender.patient.ins, 2)):
        (medium / "S1" / f"I{number}").write_bytes(content)
    assert sender.run(medium / "DICOMDIR")["summary"] == {"published": 2, "skipped": 2}
    assert sender.run(medium)["summary"] == {"duplicate": 2, "skipped": 2}
    archive = Path(shutil.make_archive(str(tmp_path / "medium"), "zip", medium))
    assert sender.run(archive)["summary"] == {"duplicate": 2, "skipped": 2}


def test_a_damaged_archive_member_costs_only_itself(sender: Sender, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as out:
        for name, content in instances(sender.patient.ins, 3):
            out.writestr(name, content)
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x03\x04", 10) - 5] ^= 1  # the first member's last bytes
    path.write_bytes(data)
    verdicts = sender.run(path, status=1)
    assert verdicts["summary"] == {"published": 2, "failed": 1}
    assert codes(verdicts) == {"a.zip": "zip_damaged"}


def test_names_are_shown_without_their_escapes(sender: Sender, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    name = b"scan\n\x1b]0;gone\x07\xff"
    (_, content), *_ = instances(sender.patient.ins, 1)
    Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(content)
    running = sender.start(folder, more=())
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0
    assert not {"\x1b", "\x07"} & {*(out + err)}
    assert r"scan\n\x1b]0;gone\x07\xff" in out.replace("\n", "")
