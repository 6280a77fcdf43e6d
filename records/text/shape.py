"""Reading JSON that must have one exact shape: what is sealed or signed admits no unknown member."""

from collections.abc import Mapping
from typing import Any

from records.errors import Invalid

Kind = type | tuple[type, ...]
Shape = Mapping[str, Kind]


def members(value: object, kinds: Shape, *, what: str) -> dict[str, Any]:
    """The members of the JSON object `value`, which has exactly the names of `kinds`, each of its kind.

    Raises Invalid `bad_shape`, naming `what` and the member but never its value.
    """
    if not isinstance(value, dict):
        raise Invalid(f"A {what} must be a JSON object.", code="bad_shape")
    if value.keys() != kinds.keys():
        raise Invalid(f"A {what} must have the members {', '.join(kinds)} and no other.", code="bad_shape")
    for name, kind in kinds.items():
        # bool is an int to Python and is none to JSON
        if not isinstance(value[name], kind) or (isinstance(value[name], bool) and kind is not bool):
            raise Invalid(f"The member {name} of a {what} has the wrong type.", code="bad_shape")
    return value
