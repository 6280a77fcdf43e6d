"""Access keys given in Coffre's own settings, in place of the standard AWS variables."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """Never printed."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
