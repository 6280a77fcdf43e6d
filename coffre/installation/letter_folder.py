"""A folder of letters to be posted: a letter has its name there once its code serves, and never before.

Each is written and made durable under another name before the store keeps its code, so that no code is lost
for want of a place. Then the store is asked: what it has kept gets its name, what it has not is removed. What
a run that was killed left is judged so by the next one in the folder.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from keyvault.credentials import private_files
from sign_in.accounts.account import in_groups
from sign_in.accounts.letters import LetterCode
from sign_in.accounts.printing import Printed, Printing
from sign_in.accounts.purposes import Purpose

_UNNAMED = ".part"


def letter_text(ins: str, purpose: Purpose, code: LetterCode | None) -> str:
    """What the host prints: JSON with `recipient` and `about`, and where there is one `code` and
    `valid_until`.
    """
    told = {"recipient": ins, "about": purpose.value}
    if code is not None:
        until = datetime.fromtimestamp(code.expires / 1000, UTC).date().isoformat()
        told |= {"code": in_groups(code.code), "valid_until": until}
    return json.dumps(told, indent=1)


class LetterFolder:
    """Letters under names of their own: those of an earlier run are still to be posted."""

    def __init__(self, path: Path) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path

    def fill(self, printing: Printing) -> int:
        """Print what was asked for; the number of letters that got their name. Raises OSError where there is
        no room, and then nothing is drawn.
        """
        with self._held():
            named = self._name(printing)
            try:
                printing.all(self.write)
            finally:
                named += self._name(printing)
        return named

    def write(self, letters: Sequence[Printed]) -> None:
        """Durable, and not named yet."""
        for each in letters:
            file = self._path / f"letter-{secrets.token_hex(8)}.json{_UNNAMED}"
            private_files.create(file, letter_text(each.ins, each.purpose, each.code))
        self._sync()

    def _name(self, printing: Printing) -> int:
        kept = 0
        for file in sorted(self._path.glob(f"letter-*.json{_UNNAMED}")):
            if _is_kept(file, printing):
                file.rename(file.with_suffix(""))
                kept += 1
            else:
                file.unlink()
        self._sync()
        return kept

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Another run in this folder waits: it would judge what this one has not kept yet."""
        descriptor = os.open(self._path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _sync(self) -> None:
        descriptor = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _is_kept(file: Path, printing: Printing) -> bool:
    try:
        told = json.loads(file.read_text())
    except ValueError:  # there was no room for all of it
        return False
    return printing.is_kept(told["recipient"], Purpose(told["about"]), told.get("code"))
