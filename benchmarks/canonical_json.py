"""Canonical JSON beside `rfc8785`, reading with each name once beside the standard library with a hook."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import rfc8785
from pydicom.data import get_testdata_file

from audit.canonical import canonical, parse
from benchmarks.tools.measuring import compete, table
from content.byte_source import BytesSource
from content.dicom.instance import inspect_dicom
from content.facts_json import to_json
from content.limits import DEFAULT_LIMITS

TIMES = 50
ENTRY = {
    "v": 1,
    "time": 1_789_000_000_000,
    "action": "document.read",
    "outcome": "permit",
    "purpose": "care",
    "record": "019d2f6e-7a10-7c3e-9f00-0123456789ab",
    "actor": ["https://issuer.example", "810002673899", "1A23B"],
    "commitment": "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA",
    "grant": None,
}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _details() -> dict[str, Any]:
    with open(str(get_testdata_file("CT_small.dcm")), "rb") as file:  # noqa: PTH123
        _, facts = inspect_dicom(BytesSource(file.read()), DEFAULT_LIMITS)
    assert facts is not None
    return dict(json.loads(json.dumps(to_json(facts))))


def _often(work: Callable[[], object]) -> None:
    for _ in range(TIMES):
        work()


def run(rounds: int = 20) -> None:
    rows = []
    for name, value in {"facts of a CT image": _details(), "entry of the log": ENTRY}.items():
        data = rfc8785.dumps(value)
        contestants = {
            "write, rfc8785": partial(rfc8785.dumps, value),
            "write": partial(canonical, value),
            "read, json with a hook": partial(json.loads, data, object_pairs_hook=_once),
            "read": partial(parse, data),
        }
        found = compete({each: partial(_often, work) for each, work in contestants.items()}, rounds)
        for each, reference in (("write", "write, rfc8785"), ("read", "read, json with a hook")):
            mine, theirs = (1e6 * found[one].cpu / TIMES for one in (each, reference))
            rows.append(
                (f"{each}: {name}", str(len(data)), f"{mine:.1f}", f"{theirs:.1f}", f"{theirs / mine:.1f}")
            )
    table("Canonical JSON", ("", "bytes", "CPU µs", "reference", "times faster"), rows)
