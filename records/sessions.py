"""Sessions of the pages: how long they last, which cookie holds one, and where a sign-in leads back to."""

import re

IDLE_MS = 30 * 60_000
"""After which a session that nobody used is over."""
LONGEST_S = 12 * 3600
RENEWED_AFTER_MS = 15 * 60_000
"""After which the browser is given another code for the same session."""
OVERLAP_MS = 30_000
"""For which the code of before still counts: requests that were under way carry it."""
NOTED_AFTER_MS = 60_000
"""That a session is used is written down at most this often."""
_LONGEST_RETURN = 1024
_RETURN = re.compile(r"/(?:[A-Za-z0-9._~%-][A-Za-z0-9._~%/=&?+:@,;-]*)?")
_OF_SIGNING_IN = (
    "passkey|code(?:/(?:passkey|send))?|letter|recover|browser(?:/send)?|contact/code|lieu|encore|"
    "(?:carte|franceconnect|psc)/.*"
)
_DOOR = re.compile(rf"/(?:link/.*|sign-out|sign-in(?:/(?:{_OF_SIGNING_IN}))?)(?:[?].*)?")


def cookie_name(name: str, origin: str) -> str:
    """The prefix keeps other hosts of the domain and plain HTTP from setting the cookie (RFC 6265bis,
    section 4.1.3.2).
    """
    return f"__Host-{name}" if origin.startswith("https:") else name


def return_path(asked: str) -> str:
    """Where a sign-in leads to: the page that asked, where it is one of ours and no door, else the first.

    Only a path of this origin: one slash, then no slash, no backslash and no sign that browsers drop.
    """
    is_path = len(asked) <= _LONGEST_RETURN and _RETURN.fullmatch(asked) is not None
    return asked if is_path and _DOOR.fullmatch(asked) is None else "/"
