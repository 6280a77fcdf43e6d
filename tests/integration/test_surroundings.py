"""What keeps a server from working is told in a sentence with a code before anything is started."""

import os
import resource
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coffre.installation.install import initialise
from coffre.processes import run_folder
from coffre.processes.presence import PARTS, SERVED, server_of, serving
from coffre.serving import surroundings
from coffre.serving.http_server import listening
from coffre.settings import load
from keyvault.process.sockets import LONGEST_PATH, claim
from records.errors import CoffreError
from tests.services import warm
from tests.services.processes import free_port

REFUSED, MISUSED = 1, 2


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("made") / "D"
    initialise(load(data=data))
    return data


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "D"))


def refused(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(CoffreError) as told:
        call()
    return told.value.code, told.value.sentence


def serve(
    data: Path, *more: str, limits: Callable[[], None] | None = None, **environ: str
) -> tuple[int, str]:
    """The exit code of `coffre serve` that does not start, and its only line."""
    command = [sys.executable, "-m", "coffre.cli", "serve", "--data", str(data), "--port", str(free_port())]
    done = subprocess.run(
        [*command, *more],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=limits,
    )
    assert done.stdout == "" and done.stderr.count("\n") == 1, done.stderr
    return done.returncode, done.stderr


class TestTheCommand:
    def test_a_folder_that_others_read(self, data: Path) -> None:
        data.chmod(0o755)
        code, said = serve(data)
        assert code == REFUSED and said.startswith("data_open: ") and f"chmod 700 {data}" in said

    def test_too_few_files(self, data: Path) -> None:
        def few() -> None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))

        code, said = serve(data, limits=few)
        assert code == REFUSED and said.startswith("too_few_files: ") and "128" in said

    @pytest.mark.parametrize(("workers", "code"), [("0", "bad_setting"), ("64", "too_many_workers")])
    def test_workers_that_the_cores_cannot_serve(self, data: Path, workers: str, code: str) -> None:
        def one_core() -> None:
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

        status, said = serve(data, limits=one_core, COFFRE_WORKERS=workers)
        assert status == MISUSED and said.startswith(f"{code}: ") and "COFFRE_WORKERS" in said

    def test_a_socket_that_is_none(self, data: Path) -> None:
        (data / "run").mkdir(mode=0o700)
        (data / "run" / "gateway.sock").write_text("somebody's")
        code, said = serve(data)
        assert code == REFUSED and said.startswith("foreign_socket: ")
        assert (data / "run" / "gateway.sock").read_text() == "somebody's"

    def test_a_vault_s_folder_that_is_too_long(self, data: Path) -> None:
        long = data / ("x" * 90)
        command = [sys.executable, "-m", "coffre.cli", "vault", "serve", "--data", str(data)]
        environ = {**os.environ, "COFFRE_VAULT_URL": f"unix://{long}"}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == REFUSED and done.stderr.startswith("socket_path_too_long: ")

    @pytest.mark.parametrize("kind", ["a file", "listens", "folder of another", "no folder"])
    def test_a_socket_of_certificates_that_is_not_ours(self, data: Path, tmp_path: Path, kind: str) -> None:
        """Whoever listens there in the sign-in's place is handed people's certificates."""
        folder = tmp_path / "certificates"
        path, code, status = folder / "s", "foreign_socket", REFUSED
        if kind == "no folder":
            code, status = "bad_setting", MISUSED
        else:
            folder.mkdir()
        with socket.socket(socket.AF_UNIX) as listener:
            if kind == "listens":
                listener.bind(str(path))
                listener.listen(1)
            elif kind == "a file":
                path.write_text("somebody's")
            elif kind == "folder of another":
                given_away(folder)
            before = path.stat() if path.exists() else None
            words = ("signin", "serve", "--data", data, "--port", free_port())
            done = warm.run(*words, env={**os.environ, "COFFRE_CERTIFICATES_SOCKET": str(path)})
        assert (done.returncode, done.stderr.partition(":")[0]) == (status, code), done.stderr
        assert "Traceback" not in done.stderr and str(folder) in done.stderr
        assert before is None or path.stat().st_ino == before.st_ino

    def test_a_second_vault_on_the_same_sockets_leaves_them_to_the_first(self, data: Path) -> None:
        folder = data.with_name("v")
        environ = {**os.environ, "COFFRE_VAULT_URL": f"unix://{folder}"}
        command = [sys.executable, "-m", "coffre.cli", "vault", "serve", "--data", str(data)]
        with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as first:
            assert first.stdout is not None and first.stdout.readline().startswith("ready")
            before = sorted((each.name, each.stat().st_ino) for each in folder.iterdir())
            second = subprocess.run(
                command, env=environ, capture_output=True, text=True, timeout=60, check=False
            )
            assert second.returncode == REFUSED and second.stderr.startswith("foreign_socket: ")
            assert sorted((each.name, each.stat().st_ino) for each in folder.iterdir()) == before
            first.terminate()


class TestSockets:
    @pytest.fixture
    def listener(self, tmp_path: Path) -> Iterator[socket.socket]:
        with socket.socket(socket.AF_UNIX) as listener:
            yield listener

    def test_one_that_a_killed_process_left_is_taken_over(
        self, tmp_path: Path, listener: socket.socket
    ) -> None:
        listener.bind(str(tmp_path / "s"))
        listener.close()
        claim(tmp_path / "s")
        assert not (tmp_path / "s").exists()

    def test_one_where_somebody_listens_is_left(self, tmp_path: Path, listener: socket.socket) -> None:
        listener.bind(str(tmp_path / "s"))
        listener.listen(0)
        for _ in range(3):  # also once its queue is full
            code, said = refused(lambda: claim(tmp_path / "s"))
            assert code == "foreign_socket" and "runs" in said
        assert stat.S_ISSOCK((tmp_path / "s").stat().st_mode)

    @pytest.mark.parametrize("kind", ["file", "folder", "link", "link to nothing"])
    def test_whatever_is_no_socket_is_left(self, tmp_path: Path, kind: str) -> None:
        path = tmp_path / "s"
        {
            "file": lambda: path.write_text("x"),
            "folder": path.mkdir,
            "link": lambda: path.symlink_to(tmp_path),
            "link to nothing": lambda: path.symlink_to(tmp_path / "nothing"),
        }[kind]()
        code, said = refused(lambda: claim(path))
        assert code == "foreign_socket" and str(path) in said
        assert path.is_symlink() or path.exists()

    def test_a_path_may_have_107_bytes(self, tmp_path: Path) -> None:
        room = LONGEST_PATH - len(os.fsencode(tmp_path)) - 1
        claim(tmp_path / ("x" * room))
        code, _ = refused(lambda: claim(tmp_path / ("é" * (room // 2 + 1))))
        assert code == "socket_path_too_long"

    def test_one_of_another_user_is_left(self, tmp_path: Path, listener: socket.socket) -> None:
        listener.bind(str(tmp_path / "s"))
        listener.close()
        given_away(tmp_path / "s")
        code, said = refused(lambda: claim(tmp_path / "s"))
        assert code == "foreign_socket" and "user" in said

    @pytest.mark.parametrize("place", ["run", "run/vault"])
    @pytest.mark.parametrize("kind", ["file", "link"])
    def test_a_folder_of_sockets_that_is_none_is_left(self, tmp_path: Path, place: str, kind: str) -> None:
        path, kept = tmp_path / place, tmp_path / "kept"
        path.parent.mkdir(exist_ok=True)
        kept.mkdir()
        (kept / "file").write_text("x")
        path.symlink_to(kept) if kind == "link" else path.write_text("x")
        code, said = refused(lambda: run_folder.make(tmp_path))
        assert code == "foreign_socket" and str(path) in said
        assert (kept / "file").read_text() == "x" and (path.is_symlink() or path.read_text() == "x")

    def test_a_long_path_has_its_sockets_elsewhere_and_leaves_nothing(self, tmp_path: Path) -> None:
        data = tmp_path / ("x" * 100)
        data.mkdir()
        folder = run_folder.make(data)
        assert not folder.is_relative_to(data) and run_folder.find(data) == folder
        again = run_folder.make(data)
        assert not folder.exists()
        run_folder.clear(data)
        assert not again.exists() and list(data.iterdir()) == []

    def test_a_temporary_directory_that_is_too_long_as_well(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = tmp_path / ("x" * 100)
        data.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(data))
        assert refused(lambda: run_folder.make(data))[0] == "socket_path_too_long"


class TestLocks:
    def test_those_that_a_killed_server_left_are_as_good_as_new(self, tmp_path: Path) -> None:
        for name in (SERVED, PARTS):
            (tmp_path / name).write_text("4711")
        with serving(tmp_path):
            pass

    @pytest.mark.parametrize("name", [SERVED, PARTS])
    @pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
    def test_what_is_no_file_is_told(self, tmp_path: Path, name: str, kind: str) -> None:
        path = tmp_path / name
        {
            "folder": path.mkdir,
            "link": lambda: path.symlink_to(tmp_path / "outside"),
            "pipe": lambda: os.mkfifo(path),
        }[kind]()
        with pytest.raises(CoffreError) as told, serving(tmp_path):
            pass
        assert told.value.code == "lock_unusable" and str(path) in told.value.sentence
        assert not (tmp_path / "outside").exists()

    def test_processes_of_a_killed_server_that_do_not_end_are_named_by_their_lock(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("coffre.processes.presence._PARTS_END_S", 0.2)
        holder = "import fcntl, sys, time; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); "
        holder += "print('holds', flush=True); time.sleep(600)"
        with subprocess.Popen(
            [sys.executable, "-c", holder, str(tmp_path / PARTS)], stdout=subprocess.PIPE, text=True
        ) as left:
            assert left.stdout is not None and left.stdout.readline()
            with pytest.raises(CoffreError) as told, serving(tmp_path):
                pass
            left.kill()
        assert told.value.code == "parts_left" and str(tmp_path / PARTS) in told.value.sentence

    def test_who_serves_a_directory_can_be_asked_for(self, tmp_path: Path) -> None:
        assert server_of(tmp_path) is None
        asking = "import sys; from pathlib import Path; from coffre.processes.presence import server_of; "
        asking += "print(server_of(Path(sys.argv[1])))"
        ask = [sys.executable, "-c", asking, str(tmp_path)]
        with serving(tmp_path):
            assert (
                subprocess.run(ask, capture_output=True, text=True, check=True).stdout == f"{os.getpid()}\n"
            )
        assert subprocess.run(ask, capture_output=True, text=True, check=True).stdout == "None\n"


class TestTheMachine:
    def test_a_folder_of_another_user(self, data: Path) -> None:
        given_away(data)
        code, said = refused(lambda: surroundings.check_folder(data))
        assert code == "data_of_another" and str(data) in said

    @pytest.mark.parametrize("mode", [0o755, 0o770, 0o704, 0o702])
    def test_a_folder_that_others_may_read_or_write(self, data: Path, mode: int) -> None:
        data.chmod(mode)
        assert refused(lambda: surroundings.check(load(data=data)))[0] == "data_open"

    def test_the_vault_s_folder_counts_as_well(self, data: Path) -> None:
        (data / "vault").chmod(0o755)
        code, said = refused(lambda: surroundings.check(load(data=data)))
        assert code == "data_open" and str(data / "vault") in said

    def test_a_folder_that_others_may_go_through_shows_nothing(self, data: Path) -> None:
        data.chmod(0o711)
        surroundings.check(load(data=data))

    def test_a_disk_that_is_almost_full_and_one_that_is_mounted_for_reading(
        self, made: Path, tmp_path: Path
    ) -> None:
        disk = tmp_path / "disk"
        disk.mkdir()
        if subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(disk)], check=False
        ).returncode:
            pytest.fail("needs the right to mount a small tmpfs: run the tests as root in a container")
        try:
            data = Path(shutil.copytree(made, disk / "D"))
            surroundings.check(load(data=data))
            room = os.statvfs(disk)
            (disk / "others").write_bytes(bytes(room.f_bavail * room.f_frsize - 500_000))
            code, said = refused(lambda: surroundings.check(load(data=data)))
            assert code == "disk_full" and str(data) in said
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
            assert refused(lambda: surroundings.check(load(data=data)))[0] == "data_read_only"
        finally:
            subprocess.run(["umount", "--lazy", str(disk)], check=True)

    def test_memory_for_all_its_processes(self) -> None:
        least = surroundings.LEAST_MEMORY + 2 * surroundings.MEMORY_OF_A_WORKER
        surroundings.check_memory(2, lambda: least)
        surroundings.check_memory(2, lambda: None)
        code, said = refused(lambda: surroundings.check_memory(2, lambda: least - 1))
        assert code == "too_little_memory" and "COFFRE_WORKERS" in said

    def test_a_quota_that_leaves_no_core(self) -> None:
        assert refused(lambda: surroundings.check_cores(1, lambda: 0.05))[0] == "no_cores"
        surroundings.check_cores(2, lambda: 0.5)

    def test_addresses_and_ports(self) -> None:
        with listening("127.0.0.1", 0) as taken:
            assert refused(lambda: listening("127.0.0.1", taken.getsockname()[1]))[0] == "port_taken"
        assert refused(lambda: listening("203.0.113.7", 8080))[0] == "address_unknown"
        assert refused(lambda: listening("no.such.host.invalid", 8080))[0] == "address_unknown"


def given_away(path: Path) -> None:
    """Have it belong to another user."""
    try:
        os.chown(path, os.geteuid() + 1, -1, follow_symlinks=False)
    except PermissionError:
        pytest.fail("needs the right to give files to another user: run the tests as root in a container")
