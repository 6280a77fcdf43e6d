"""The audit officer's lines, opened with the officer's own key where the officer sits."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from audit.canonical import parse
from coffre.installation.installation import Installation
from coffre.operators.calls import permitted
from keyvault.credentials.private_files import check_mode
from keyvault.crypto.boxes import open_box
from keyvault.verbs.call import Call
from keyvault.verbs.operator.officer import Credentialed
from records.errors import CoffreError, Invalid

KEY_SIZE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines; None leaves open. Times in milliseconds, `until` not included."""

    structure: str | None = None
    action: str | None = None
    record: str | None = None
    since: int | None = None
    until: int | None = None

    def fits(self, line: dict[str, Any]) -> bool:
        return (
            self.structure in (None, line["structure"])
            and self.action in (None, line["action"])
            and self.record in (None, line["public_id"])
            and (self.since is None or line["time"] >= self.since)
            and (self.until is None or line["time"] < self.until)
        )


def read_key(path: Path) -> bytes:
    """The officer's private key, as `coffre init` wrote it. Raises `Invalid` "officer_key_bad", CoffreError
    "secret_readable".
    """
    check_mode(path)
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != KEY_SIZE:
        raise Invalid(
            f"{path} is no officer's key: init wrote it beside the data directory, as 64 hexadecimal digits.",
            code="officer_key_bad",
        )
    return key


def lines(
    system: Installation,
    call: Callable[[], Call],
    key: bytes,
    wanted: Wanted,
    of: Credentialed | None,
    told: Callable[[int], None],
) -> list[dict[str, Any]]:
    """The lines that fit, oldest first; `told` hears how many opened. CoffreError "officer_key_other"."""
    found = [line for line in every_line(system, call, key, of, told) if wanted.fits(line)]
    return sorted(found, key=lambda line: int(line["time"]))


def every_line(
    system: Installation,
    call: Callable[[], Call],
    key: bytes,
    of: Credentialed | None,
    told: Callable[[int], None],
) -> Iterator[dict[str, Any]]:
    """All lines, of everybody or of one person's credentials, in no order of time."""
    after: bytes | None = b""
    opened = 0
    while after is not None:
        page = permitted(system.guard.operator.officer_lines(call(), of=of, after=after))
        for box in page.boxes:
            yield open_line(key, box)
        opened, after = opened + len(page.boxes), page.after
        told(opened)


def open_line(key: bytes, box: bytes) -> dict[str, Any]:
    """One line. CoffreError "officer_key_other"."""
    try:
        line: dict[str, Any] = parse(open_box(key, box))
    except CoffreError:
        raise CoffreError(
            "A line does not open with this key: take the officer's key of this installation.",
            code="officer_key_other",
        ) from None
    return line


def moment(text: str | None, option: str) -> int | None:
    """Milliseconds of a date or time, UTC unless it says otherwise. Raises `Invalid` "bad_time"."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(
            f"{option} is a date or time such as 2026-11-28 or 2026-11-28T14:00.", code="bad_time"
        ) from None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
