"""JSON of the sandbox's answers and of series: each name once, by native code where that proves itself.

docs/adr/0014-native-json.md; else the standard library reads.
"""

import json
from typing import Any

import orjson


def read_json(data: bytes) -> Any:
    """One JSON value. Raises `ValueError` or `RecursionError`, also for a name twice in one object."""
    try:
        value = orjson.loads(data)
        if orjson.dumps(value) == data:
            return value
    except (ValueError, TypeError):
        pass  # the standard library judges
    return json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate name")
    return members


def _refuse(constant: str) -> None:
    raise ValueError(constant)
