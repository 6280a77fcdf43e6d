"""Judges the mode of a file that holds a secret: what others may read is no secret any more."""

from records.errors import CoffreError

OTHERS = 0o006
"""Read or write for everybody. A group may be given a file, as systemd gives credentials to a unit's user."""


def check(path: object, mode: int, others: int = OTHERS) -> None:
    """Raises CoffreError "secret_readable" where one of the bits `others` of st_mode is set."""
    if mode & others:
        raise CoffreError(
            f"{path} holds secrets, and others may read it: chmod 600 {path}, and draw what it holds anew.",
            code="secret_readable",
        )
