"""Forms of what the description of a site holds: tables, names, values on one line, absolute paths."""

import json
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NoReturn

from records.errors import Invalid

_NAME = re.compile(r"[A-Z][A-Z0-9_]*", re.ASCII)
_PATH = re.compile(r"(?:/[\w.@+-]+)+")
PATH_FORM = "an absolute path of letters, digits and . _ @ + -"


def parsed(text: str) -> dict[str, Any]:
    """A table, of TOML or of JSON. Raises `Invalid` "bad_site"."""
    is_json = text.lstrip().startswith("{")
    try:
        return read_json(text) if is_json else tomllib.loads(text)
    except RecursionError:
        raise _bad("It is nested too deeply: a site has settings, secrets and site.") from None
    except ValueError as error:
        raise _bad(f"It is neither TOML nor JSON: {error}.") from None


def table(found: Mapping[str, Any], name: str, known: Collection[str] | None = None) -> dict[str, Any]:
    """The table of this name, empty where there is none; with `known` it has no other names."""
    given = found.get(name, {})
    if not isinstance(given, dict):
        raise _bad(f"{name} is a table.")
    if known is not None:
        check_names(given, known, before=f"{name}.")
    return given


def check_names(given: Collection[str], known: Collection[str], before: str = "") -> None:
    """Raises `Invalid` "bad_site" where one is not among `known`."""
    if unknown := sorted(each for each in given if each not in known):
        told = ", ".join(f"{before}{each}" for each in unknown)
        raise _bad(f"{told} is none of {', '.join(known)}.")


def settings(found: Mapping[str, Any], name: str) -> dict[str, str]:
    """A table of settings, each as a process reads it."""
    return {_setting(each): _value(each, value) for each, value in table(found, name).items()}


def setting_names(found: Mapping[str, Any], name: str) -> list[str]:
    """A list of settings' names, empty where there is none."""
    return [_setting(each) for each in strings(found, name, "COFFRE_VAULT_PIN")]


def strings(found: Mapping[str, Any], name: str, example: str) -> list[str]:
    """A list of texts on one line."""
    given = found.get(name, [])
    if not isinstance(given, list) or not all(map(_is_plain_text, given)):
        raise _bad(f'{name} is a list such as ["{example}"].')
    return given


def path(found: Mapping[str, Any], name: str, otherwise: str) -> Path:
    given = found.get(name, otherwise)
    if not isinstance(given, str) or not is_path(given):
        raise _bad(f"{name} is {PATH_FORM}, such as {otherwise}.")
    return Path(given)


def is_path(text: str) -> bool:
    """Whether it is one that has the same meaning in a unit, in nginx and in a container."""
    return bool(_PATH.fullmatch(text)) and not {".", ".."} & set(text.split("/"))


def _is_plain_text(given: object) -> bool:
    """Without control signs, or others that end a line somewhere: U+0085, U+2028 and U+2029."""
    return isinstance(given, str) and given.isprintable()


def _setting(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise _bad("A setting's name is of capitals, digits and _, such as COFFRE_PUBLIC_URL.")
    return name


def _value(name: str, given: object) -> str:
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, int):
        return str(given)
    if not isinstance(given, str):
        raise _bad(f"{name} is text, a whole number, or true or false.")
    if not _is_plain_text(given):
        raise _bad(f"{name} is text on one line, without control signs.")
    return given


def read_json(text: str) -> Any:
    """Each name once in its object. Raises `ValueError`; `RecursionError` where it is nested too deeply."""
    return json.loads(text, object_pairs_hook=_members, parse_constant=_no_number)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _no_number(_text: str) -> NoReturn:
    raise ValueError("a number is none")


def _bad(sentence: str) -> Invalid:
    return Invalid(sentence, code="bad_site")
