"""The form of a refusal on the command line: one sentence with its code, and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from coffre.command_line.exits import Exit
from coffre.command_line.output import err
from records.errors import CoffreError, Invalid

_OF_SETTINGS = frozenset(
    {"bad_setting", "non_eea_region", "not_for_production", "other_environment", "root_url_invalid"}
)
"""Codes of settings that are wrong, whatever the command is about."""


@contextmanager
def refusals(*, judging: bool = False) -> Iterator[None]:
    """What can be explained is one sentence and an exit code, never a traceback.

    A value that is wrong is misuse; to a command that judges what is stored (`judging`) it is what was
    found, unless a setting is wrong.
    """
    try:
        yield
    except CoffreError as error:
        code, sentence = error.code, error.sentence
        misused = code in _OF_SETTINGS or (isinstance(error, Invalid) and not judging)
        status = Exit.MISUSED if misused else Exit.REFUSED
    except OSError as error:
        code, status, sentence = "no_access", Exit.REFUSED, _why(error)
    else:
        return
    from rich.text import Text

    # not as markup: a path may hold brackets
    err().print(Text.assemble((code, "red"), f": {sentence}"), soft_wrap=True)
    raise typer.Exit(status)


def _why(error: OSError) -> str:
    return f"{error.filename or 'A file'} cannot be used: {error.strerror or 'the system refuses'}."
