"""Unix users of their own for Coffre's processes: numbers without an entry in any list, so that the machine
stays as it is.
"""

import os
import pwd
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
FIRST = 60_801
"""Nobody's: above whom Debian adds, below whom systemd makes up (61184)."""
PROBE = "import coffre.cli, coffre.processes.run, cryptography, uvicorn"


class OneUser(Exception):  # noqa: N818 - no error: the set runs, with one fence less
    """Why every process runs as the same user, as one sentence."""


@dataclass(frozen=True)
class Users:
    """`numbers`: user and group by name; `python`: an interpreter with Coffre that they may all run."""

    python: Path
    numbers: Mapping[str, int]

    def become(self, name: str, *groups: str) -> list[str]:
        """The words before a command that make it run as `name`, in more `groups`, without a way back.

        It ends with whoever started it.
        """
        number = self.numbers[name]
        listed = [str(self.numbers[group]) for group in groups]
        more = f"--groups={','.join(listed)}" if listed else "--clear-groups"
        return [
            *("setpriv", f"--reuid={number}", f"--regid={number}", more),
            *("--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--pdeathsig", "TERM"),
        ]

    def own(
        self, path: Path, name: str, mode: int, group: str | None = None, files: int | None = None
    ) -> None:
        """Gives a file or folder, and what is in it, to `name`; `mode` is the folder's own."""
        for each in (path, *(path.rglob("*") if path.is_dir() else ())):
            os.chown(each, self.numbers[name], self.numbers[group or name])
            if files is not None and each != path:
                each.chmod(files)
        path.chmod(mode)


def users_for(names: Sequence[str], folder: Path) -> Users:
    """Users that nobody has, one per name. Raises `OneUser` where this cannot be."""
    if os.geteuid() != 0:
        raise OneUser("only root may start processes as other users")
    numbers = dict(zip(names, _free(len(names)), strict=True))
    return Users(_python(folder, numbers[names[0]]), numbers)


def _free(count: int) -> list[int]:
    taken = {each.pw_uid for each in pwd.getpwall()}
    return [number for number in range(FIRST, FIRST + 300) if number not in taken][:count]


def _python(folder: Path, user: int) -> Path:
    """This interpreter, or else the system's of the same version with the same packages."""
    own = Path(sys.executable)
    if _runs(own, user):
        return own
    system = Path(f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}")
    if system.exists():
        found = _borrowing(system, folder / "python")
        if _runs(found, user):
            return found
    raise OneUser(f"other users may not run {own.resolve()} or read {CHECKOUT}")


def _borrowing(python: Path, folder: Path) -> Path:
    """A virtual environment of `python` that takes its packages from this one's."""
    subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True, capture_output=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    mine = [path for path in sys.path if path.endswith("site-packages")]
    lines = [str(CHECKOUT), *(f"import site; site.addsitedir({path!r})" for path in mine)]
    (packages / "borrowed.pth").write_text("\n".join(lines) + "\n")
    return folder / "bin" / "python"


def _runs(python: Path, user: int) -> bool:
    try:
        done = subprocess.run(
            [python, "-c", PROBE],
            user=user,
            group=user,
            extra_groups=(),
            cwd="/",
            env={"PATH": os.defpath, "HOME": "/"},
            capture_output=True,
            check=False,
        )
    except PermissionError:
        return False
    return done.returncode == 0
