"""The row of a sign-in. Times are milliseconds since the epoch."""

from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A sealed sign-in under the digest of its cookie. `session_id` is that of the session of which it is one
    code; None for a link's.
    """

    digest: bytes
    sealed: bytes = field(repr=False)
    expires: int
    session_id: UUID | None = None
    made_at: int = 0
    used_at: int = 0
