"""The journal of files and their verdicts, so that an interrupted sending goes on where it was.

A file of JSON lines, 0600, appended to in whole lines and synced. It names no file and no person: a line is
found by SHA-256 over the journal's salt, what was sent where, and the SHA-256 of the bytes, which nobody
guesses. A line that a crash cut short is not accepted; what it said is sent again, which is harmless.
"""

import fcntl
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from client.send.verdicts import FileVerdict, Outcome
from records.errors import Conflict, Invalid

FORMAT = "coffre-send-journal-v1"
_SALT = 16
_MEMBERS = ("outcome", "code", "reason", "document", "submission", "part")
_SCRYPT = {"n": 1 << 14, "r": 8, "p": 1, "dklen": 16}


def default_place(folder: Path, command: Sequence[str]) -> Path:
    """Where the journal of a command lies that names none: found again by the same command alone.

    The name is slow to compute, so that nobody finds a record's INS by trying them all.
    """
    name = hashlib.scrypt(
        "\0".join(command).encode("utf-8", "surrogateescape"), salt=FORMAT.encode(), **_SCRYPT
    )
    return folder / f"send-{name.hex()}.journal"


class Journal:
    """The verdicts known for one context: server, record and what else makes bytes another deposit.

    Held by one process at a time. Without a file it remembers for this process alone.
    """

    def __init__(self, context: Sequence[str], path: Path | None = None) -> None:
        """Raises `Conflict` "already_sending", `Invalid` "not_a_journal", or `OSError`."""
        self._path = path
        self._file = None if path is None else _opened(path)
        self._known: dict[str, dict[str, Any]] = {}
        self._salt = secrets.token_hex(_SALT)
        self._context = json.dumps(list(context)).encode()
        if self._file is not None:
            self._read(self._file)

    @property
    def empty(self) -> bool:
        return not self._known

    def verdict(self, file: FileVerdict, sha256: str) -> FileVerdict | None:
        """What is known of a file with these bytes: a final verdict, or a pending one to ask about."""
        line = self._known.get(self._key(file.kind, sha256))
        return None if line is None else replace(file, sha256=sha256, **line)

    def note(self, verdicts: Iterable[FileVerdict]) -> None:
        """Keeps what is final or pending; durable once it returns. `OSError` passes through."""
        lines = {
            self._key(one.kind, one.sha256): {name: getattr(one, name) for name in _MEMBERS}
            for one in verdicts
            if one.sha256 and (one.final or one.outcome is Outcome.PENDING)
        }
        self._known.update(lines)
        if self._file is not None and lines:
            self._write(b"".join(_line({"file": key, **line}) for key, line in lines.items()))

    def close(self, *, forget: bool = False) -> None:
        """Lets go of the file; `forget` removes it."""
        if self._file is None or self._path is None:
            return
        if forget:
            self._path.unlink(missing_ok=True)
        os.close(self._file)
        self._file = None

    def _key(self, kind: str, sha256: str) -> str:
        content = b"\0".join([self._salt.encode(), self._context, kind.encode(), sha256.encode()])
        return hashlib.sha256(FORMAT.encode() + b"\0" + content).hexdigest()

    def _read(self, file: int) -> None:
        content = _whole(file)
        head, *lines = content.split(b"\n")
        if not content:
            self._write(_line({"journal": FORMAT, "salt": self._salt}))
            return
        self._salt = _salt(head)
        if lines and lines[-1]:
            self._write(b"\n")  # a crash cut the last line short; the next one starts anew
        for line in lines:
            for key, members in _entry(line):
                self._known[key] = members

    def _write(self, data: bytes) -> None:
        assert self._file is not None
        while data:
            data = data[os.write(self._file, data) :]
        os.fsync(self._file)


def _opened(path: Path) -> int:
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise _not_a_journal()
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise Conflict(
            "Another coffre send is at work with this journal: let it end.", code="already_sending"
        ) from None
    except BaseException:
        os.close(file)
        raise
    return file


def _whole(file: int) -> bytes:
    return b"".join(iter(lambda: os.read(file, 1 << 20), b""))


def _line(members: dict[str, Any]) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode() + b"\n"


def _not_a_journal() -> Invalid:
    return Invalid("The journal is a file of another kind; name one of its own.", code="not_a_journal")


def _salt(head: bytes) -> str:
    try:
        found = json.loads(head)
        if found["journal"] != FORMAT:
            raise _not_a_journal()
        return str(found["salt"])
    except (ValueError, LookupError, TypeError):
        raise _not_a_journal() from None


def _entry(line: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        found = json.loads(line)
        members = {name: found[name] for name in _MEMBERS}
        yield found["file"], members | {"outcome": Outcome(members["outcome"]), "part": int(members["part"])}
    except (ValueError, LookupError, TypeError):
        return
