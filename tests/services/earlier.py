"""Programs of an earlier commit: its wheel, built and installed into an environment of its own.

What they depend on is this version's, from the environment that runs the tests.
"""

import io
import os
import re
import signal
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NAMED = re.compile(r"^Runs beside: `([0-9a-f]{40})`", re.MULTILINE)
END_S = 60


def previous() -> str:
    """The commit of the previous version, which CHANGELOG names: this one runs beside it during a roll."""
    [commit] = _NAMED.findall((ROOT / "CHANGELOG.md").read_text("utf-8"))
    return str(commit)


def lacking(commit: str) -> str | None:
    """Why its sources are not at hand, or None."""
    asked = _git("cat-file", "-e", f"{commit}^{{commit}}")
    if asked.returncode == 0:
        return None
    return f"This needs commit {commit[:12]} of this repository's history: git fetch --unshallow"


class Earlier:
    """The programs of `commit`, installed below `folder`."""

    def __init__(self, commit: str, folder: Path) -> None:
        self.sources = sources = folder / "sources"
        with tarfile.open(fileobj=io.BytesIO(_git("archive", commit).stdout)) as archive:
            archive.extractall(sources, filter="data")
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
        subprocess.run(build, cwd=sources, check=True, capture_output=True)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
        [wheel] = folder.glob("*.whl")
        [packages] = (folder / "venv").glob("lib/python3*/site-packages")
        zipfile.ZipFile(wheel).extractall(packages)  # noqa: S202 - ours
        # its own packages come first; of a folder named in a .pth no further .pth is followed
        (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
        self.python = folder / "venv/bin/python"

    def run(self, *words: object, env: Mapping[str, str], code: int = 0) -> str:
        """A command to its end; what it printed."""
        done = subprocess.run(
            [self.python, *map(str, words)],
            env=_plain(env),
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        assert done.returncode == code, (words[:3], done.returncode, done.stderr[-2000:])
        return done.stdout + done.stderr

    @contextmanager
    def process(self, *words: object, env: Mapping[str, str], log: Path) -> Iterator[None]:
        """A coffre process that said it is ready; it must end with exit 0 on SIGTERM."""
        command = [self.python, "-m", "coffre.cli", *map(str, words)]
        with (
            log.open("ab") as errors,
            subprocess.Popen(
                command, env=_plain(env), stdout=subprocess.PIPE, stderr=errors, text=True, cwd="/"
            ) as running,
        ):
            try:
                assert running.stdout is not None
                assert running.stdout.readline().startswith("ready"), log.read_text()[-2000:]
                yield
            finally:
                if running.poll() is None:
                    running.send_signal(signal.SIGTERM)
            assert running.wait(END_S) == 0


def _plain(env: Mapping[str, str]) -> dict[str, str]:
    """Without what would have it load our modules."""
    given = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return {**given, **env}


def _git(*words: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False)
