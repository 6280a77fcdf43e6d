"""Verdicts on files: the server's and the sender's own, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum


class Outcome(StrEnum):
    """The outcome of a file: the server's four verdicts, and four of ours."""

    PUBLISHED = "published"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"
    PENDING = "pending"  # received, the verdict did not come in time
    FAILED = "failed"  # it could not be read, or the request did not succeed
    SKIPPED = "skipped"  # nothing Coffre takes
    PLANNED = "planned"  # --dry-run


KEPT = frozenset({Outcome.PUBLISHED, Outcome.DUPLICATE})
HARMLESS = KEPT | {Outcome.SKIPPED, Outcome.PLANNED}
_JUDGED = KEPT | {Outcome.REJECTED, Outcome.QUARANTINED}

_PASSING = frozenset(
    {
        "bad_credential",
        "no_record",
        "not_entitled",
        "quota_exceeded",
        "reception_key_gone",
        "record_closed",
        "record_suspended",
        "sandbox_crashed",
        "sandbox_timeout",
    }
)
"""Codes of refusals that are about the moment, not about the file: sent again, it may be published."""

_S, _F = Outcome.SKIPPED, Outcome.FAILED
TROUBLES: Mapping[str, tuple[Outcome, str]] = {
    "not_taken": (_S, "Neither DICOM nor PDF."),
    "not_regular": (_S, "Not a regular file."),
    "dicomdir": (_S, "A DICOMDIR only lists files; those it lists are sent."),
    "zip_empty": (_S, "The archive holds no file."),
    "symbolic_link": (_F, "A symbolic link is not followed: give its target."),
    "unreadable": (_F, "The file or folder cannot be read: check its permissions."),
    "empty_file": (_F, "The file is empty: export it again."),
    "file_changed": (_F, "The file changed while it was being sent: send it again."),
    "missing_file": (_F, "The DICOMDIR lists this file, and it is not on the medium."),
    "outside_medium": (_F, "The DICOMDIR names a place outside of its medium, which is not read."),
    "bad_dicomdir": (_F, "The DICOMDIR cannot be read: give the folder instead."),
    "zip_encrypted": (_F, "This member of the archive is encrypted: unpack it with its password."),
    "zip_nested": (_F, "An archive inside an archive is not opened: unpack it."),
    "zip_method": (_F, "This member is packed in a way other than deflate: unpack it."),
    "zip_damaged": (_F, "The archive is damaged: make it again."),
    "zip_too_large": (_F, "The archive expands to far more than it holds, or has too many members."),
    "interrupted": (_F, "The sending was interrupted: run the same command again."),
    "internal": (_F, "The sender failed on this file: run the same command again."),
}  # fmt: skip
"""What the sender itself says of a file: an unsent file that may be one of Coffre's counts as failed."""


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """The verdict on one file; void members are empty.

    `member` names the file inside the archive `path`, `document` and `submission` are ids, `sha256` is that
    of the bytes which were sent, `part` their place in the submission.
    """

    path: str
    kind: str
    outcome: Outcome
    code: str = ""
    reason: str = ""
    document: str = ""
    submission: str = ""
    member: str = ""
    sha256: str = ""
    part: int = 0

    @property
    def final(self) -> bool:
        """Whether sending the same bytes again would tell nothing new."""
        return self.outcome in _JUDGED and self.code not in _PASSING

    def to_json(self) -> dict[str, str]:
        found = {field.name: str(getattr(self, field.name)) for field in fields(self) if field.name != "part"}
        return {name: value for name, value in found.items() if value}
