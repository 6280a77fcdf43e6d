"""A sign-in that has begun at a provider, as the browser keeps it until it comes back.

The cookie ties the answer to the browser that asked: whoever sends somebody else's answer to a browser (login
CSRF) has no such cookie there. It holds nothing that its owner may not know, and is no credential.
"""

import json
import re
import secrets
from dataclasses import asdict, dataclass, field

from records.errors import Invalid
from records.sessions import return_path
from records.text.base64url import b64, unb64

LIFE_S = 600
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43,128}")


@dataclass(frozen=True, slots=True)
class Begun:
    """`state`, `nonce` and `verifier` (RFC 7636) are random; `following` is where to go afterwards, a path
    of ours; `at` unix seconds. `fresh`: the person has to prove himself anew. `by`: the session that links
    an identity, of whoever is signed in already.
    """

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    following: str
    at: int
    fresh: bool = False
    by: str = ""

    @classmethod
    def now(cls, following: str, at: int, *, fresh: bool = False, by: str = "") -> "Begun":
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, return_path(following), at, fresh, by)

    def cookie(self) -> str:
        return b64(json.dumps(asdict(self), separators=(",", ":")).encode())

    @classmethod
    def read(cls, cookie: str, now: int) -> "Begun | None":
        """What the browser brings back; None where it is nothing of ours, or too old."""
        try:
            found = cls(**json.loads(unb64(cookie)))
        except (Invalid, ValueError, TypeError, RecursionError):
            return None
        words = (found.state, found.nonce, found.verifier)
        if not all(isinstance(each, str) and _TOKEN.fullmatch(each) for each in words):
            return None
        if type(found.at) is not int or not 0 <= now - found.at <= LIFE_S:
            return None
        is_path = isinstance(found.following, str) and return_path(found.following) == found.following
        is_said = isinstance(found.fresh, bool) and isinstance(found.by, str)
        return found if is_path and is_said else None
