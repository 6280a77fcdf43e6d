"""Signed checkpoints that somebody kept outside the vault."""

from pathlib import Path

from audit.checkpoint import CheckpointError, parse_text
from audit.checkpoint import text_of as checkpoint_text
from coffre.installation.installation import Installation
from keyvault.restore.second_place import Checkpoints
from records.errors import Invalid
from records.text.plain_text import text_of


def read_note(path: Path) -> str:
    """A signed checkpoint that somebody kept. Raises `Invalid` "checkpoint_malformed"."""
    try:
        return "\n".join(text_of(path.read_bytes()).splitlines()) + "\n"
    except UnicodeDecodeError:
        raise Invalid(f"{path} is no signed checkpoint.", code="checkpoint_malformed") from None


def read_checkpoint(path: Path) -> str:
    """The same, of a file that has the form of one: what is none says nothing about the log.

    Raises `Invalid` "checkpoint_malformed".
    """
    note = read_note(path)
    try:
        parse_text(checkpoint_text(note))
    except CheckpointError:
        raise Invalid(
            f"{path} is no signed checkpoint: give one as /audit/checkpoint answers it.",
            code="checkpoint_malformed",
        ) from None
    return note


def in_second_place(installation: Installation) -> list[str]:
    """The newest checkpoint that the second place holds, where there is one; the log must agree with it."""
    place, identity = installation.second_place(), installation.identity
    last = Checkpoints(place, identity.origin, identity.checkpoint_public).last() if place else None
    return [] if last is None else [last.note]
