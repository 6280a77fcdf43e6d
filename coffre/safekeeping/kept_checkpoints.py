"""Signed checkpoints that somebody kept outside the vault."""

from pathlib import Path

from records.errors import Invalid
from records.plain_text import text_of


def read_note(path: Path) -> str:
    """A signed checkpoint that somebody kept. Raises `Invalid` "checkpoint_malformed"."""
    try:
        return "\n".join(text_of(path.read_bytes()).splitlines()) + "\n"
    except UnicodeDecodeError:
        raise Invalid(f"{path} is no signed checkpoint.", code="checkpoint_malformed") from None
