"""Notes that the doors tell the vault for its log: who came in, and how often somebody did not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from records.vocabulary.codes import Role
from records.vocabulary.door_events import DoorEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorNote:
    """One note, told until it is taken: the same `note_id` again changes nothing.

    Of who was recognised it has `role`, `subject`, `claims` and `means`, as the credential has them. Of what
    is `COUNTED` it has how many were `counted`, and of failures `ins` where they were at somebody's account;
    then they are that person's to read. `at` is when it happened, or the counting ended (unix milliseconds).
    """

    note_id: UUID
    event: DoorEvent
    at: int
    counted: int = 1
    role: Role | None = None
    subject: str = field(default="", repr=False)
    claims: Mapping[str, str] = field(default_factory=dict, repr=False)
    means: str = ""
    ins: str | None = field(default=None, repr=False)
