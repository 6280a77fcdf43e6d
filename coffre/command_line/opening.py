"""Open what a command works on, an installation or a whole system; where there is none, say so at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from coffre.command_line.options import settings_of
from coffre.command_line.refusals import refusals
from coffre.installation.places import Places
from coffre.settings import Settings

if TYPE_CHECKING:
    from coffre.installation.installation import Installation
    from coffre.wiring import System


@contextmanager
def opened_installation(
    data: Path | None, *, judging: bool = False, vault_here: bool = False
) -> "Iterator[Installation]":
    """The installation that `--data` names, for who asks its databases and its vault.

    Refusals inside are sentences, as `refusals` has them; `vault_here` as `Installation` has it.
    """
    with refusals(judging=judging):
        settings = settings_of_installation(data)
        from coffre.installation.installation import Installation

        with Installation(settings, vault_here=vault_here) as found:
            yield found


@contextmanager
def opened_system(data: Path | None) -> "Iterator[System]":
    """The same with servers and workers, for who has work done."""
    with refusals():
        settings = settings_of_installation(data)
        from coffre.wiring import System

        with System(settings) as found:
            yield found


def settings_of_installation(data: Path | None, *, vault_url: str | None = None) -> Settings:
    """Raises `CoffreError` "not_initialised" before databases, images or ciphers are loaded."""
    settings = settings_of(data, vault_url=vault_url)
    Places(settings).check_complete()
    return settings
