"""Every place in a JSON value, and the value with something else at one of them."""

import copy
from collections.abc import Iterator
from typing import Any

Place = tuple[Any, ...]


def places(value: Any, path: Place = ()) -> Iterator[Place]:
    yield path
    found = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in found:
        yield from places(inner, (*path, name))


def put(value: Any, path: Place, other: Any) -> Any:
    if not path:
        return other
    found = copy.deepcopy(value)
    inner = found
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = other
    return found
