"""Texts of the pages: one key names one text, whichever catalogue has it."""

from importlib import import_module
from itertools import combinations
from pkgutil import iter_modules

from viewer_api.web import catalogue


def test_no_key_names_two_texts() -> None:
    """A record's page would be headed by the words of another page."""
    names = [f"{catalogue.__name__}.{each.name}" for each in iter_modules(catalogue.__path__)]
    modules = [vars(import_module(name)).values() for name in names]
    parts = [part for module in modules for part in module if isinstance(part, dict)]
    assert len(parts) > 15
    for one, other in combinations(parts, 2):
        assert {key for key in one.keys() & other.keys() if one[key] != other[key]} == set()
