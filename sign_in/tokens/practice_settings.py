"""Read which structures are regulation centres, and which the insurer's feed: no card says so.

A file in TOML names them under the codes of JDV_J04 that open something (OID 1.2.250.1.213.1.1.4.9):

    SAMU_SMUR = ["1750000003"]
    AMO = ["1750000005"]
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from records.errors import Invalid
from records.people.identity import check_structure
from records.vocabulary.sectors import INSURER_SETTING, REGULATION_SETTING

KNOWN = (REGULATION_SETTING, INSURER_SETTING)


def practice_settings_in(file: Path | None) -> Mapping[str, str]:
    """The setting of each structure that the file names; without a file nobody has one.

    Raises `Invalid` "bad_practice_settings", which names the file.
    """
    if file is None:
        return {}
    try:
        return read_practice_settings(file.read_text("utf-8"))
    except OSError as error:
        raise _bad(f"{file} can't be read: {error.strerror}.") from None
    except ValueError:
        raise _bad(
            f'{file} is no TOML in UTF-8. A line of it is: {REGULATION_SETTING} = ["…", "…"]'
        ) from None
    except Invalid as error:
        raise _bad(f"{file}: {error.sentence}") from None


def read_practice_settings(text: str) -> Mapping[str, str]:
    """As `practice_settings_in`. Raises `Invalid`, and ValueError for what is no TOML."""
    found: dict[str, str] = {}
    for setting, structure in _rows(tomllib.loads(text)):
        if found.setdefault(check_structure(structure), setting) != setting:
            raise _bad(f"Structure {structure} stands under two settings: leave it under one.")
    return found


def _rows(table: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for setting, structures in table.items():
        if setting not in KNOWN or not isinstance(structures, list):
            raise _bad(f"Settings are {' and '.join(KNOWN)}, each with a list of structures.")
        for each in structures:
            yield setting, each if isinstance(each, str) else ""


def _bad(sentence: str) -> Invalid:
    return Invalid(sentence, code="bad_practice_settings")
