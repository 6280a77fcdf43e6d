"""A person as one place in a content describes it: identifiers and traits, as they are written."""

from collections.abc import Iterable, Mapping
from typing import Any

Identifier = Mapping[str, str | None]
LONGEST, MOST_NAMES, MOST_IDENTIFIERS = 1024, 16, 32


def identifier(value: str | None, *, issuer: str | None = None, oid: str | None = None) -> Identifier:
    """One identifier with the name or the OID of whoever assigned it."""
    return {"id": value, "issuer": issuer, "issuer_oid": oid}


def person(
    identifiers: Iterable[Identifier],
    *,
    family_names: Iterable[str | None],
    given_names: Iterable[str | None],
    birth_date: str | None,
    sex: str | None,
) -> dict[str, Any]:
    """`id issuer issuer_oid` of the first identifier, `other_ids`, traits: names once each, texts or null."""
    first, *others = list(identifiers)[: MOST_IDENTIFIERS + 1] or [identifier(None)]
    return {
        **first,
        "other_ids": others,
        "family_names": _names(family_names),
        "given_names": _names(given_names),
        "birth_date": readable(birth_date),
        "sex": readable(sex),
    }


def readable(text: str | None) -> str | None:
    """Text of a stranger's file without control characters, and not longer than any name is."""
    return "".join(c if c.isprintable() else " " for c in text or "")[:LONGEST].strip() or None


def _names(found: Iterable[str | None]) -> list[str]:
    return [name for name in dict.fromkeys(map(readable, found)) if name][:MOST_NAMES]
