"""FHIR resources as JSON (R4 section 2.6.2): each member once, nothing that changes the meaning.

The text is UTF-8, or UTF-16 where its byte order mark says so.
"""

import json
from typing import Any

from content.byte_order import marked_encoding
from records.errors import Invalid


class _Twice(ValueError):  # noqa: N818 - no error of ours: it becomes one
    pass


def read_json(body: bytes) -> Any:
    """Raises `Invalid` "bad_json" or "member_twice"."""
    try:
        return json.loads(
            body.decode(marked_encoding(body) or "utf-8-sig"), object_pairs_hook=_once, parse_constant=_refuse
        )
    except _Twice:
        raise Invalid(
            "The body gives a member twice in one object: give it once.", code="member_twice"
        ) from None
    except (ValueError, RecursionError):
        raise Invalid("The body is not JSON.", code="bad_json") from None


def refuse_modifiers(resource: dict[str, Any]) -> None:
    """What changes the meaning of the rest, wherever it stands, also in contained resources (R4 2.4.0, 2.8).

    Raises `Invalid` "modifier_extension" or "implicit_rules".
    """
    waiting: list[Any] = [resource]
    while waiting:
        found = waiting.pop()
        waiting += found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
        if isinstance(found, dict) and found.get("modifierExtension"):
            raise Invalid(
                "A modifierExtension would change what the resource means, and is not known here: "
                "send it without.",
                code="modifier_extension",
            )
        if isinstance(found, dict) and found.get("implicitRules"):
            raise Invalid(
                "implicitRules would change what the resource means, and are not known here: "
                "send it without.",
                code="implicit_rules",
            )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Twice
    return found


def _refuse(constant: str) -> None:
    raise ValueError
