"""Every type, argument and block of terraform/ is one that its provider publishes, with no binary at hand."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hcl2
import pytest

from tests.terraform.published import ROOT, SCHEMAS

FILES = sorted((ROOT / "terraform").rglob("*.tf"))
OF_EVERY_TYPE = {"count", "for_each", "depends_on", "provider", "lifecycle", "provisioner", "connection"}


def faults(schema: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[str]:
    """What of a block's content its schema does not have, and what is required and missing."""
    attributes, blocks = schema["attributes"], schema["blocks"]
    dynamic = {_bare(name): each for one in given.get("dynamic", ()) for name, each in one.items()}
    contents = {name: [each["content"][0]] for name, each in dynamic.items()}
    for name, value in {**given, **contents}.items():
        if name in blocks:
            for each in value:
                yield from (f"{name}.{fault}" for fault in faults(blocks[name]["block"], each))
        elif name not in attributes and name != "dynamic" and not name.startswith("__"):
            yield name
    for name, each in attributes.items():
        if each.get("required") and name not in given:
            yield f"{name} is missing"


def _bare(name: str) -> str:
    return name.strip('"')


def _read(file: Path) -> dict[str, Any]:
    with file.open(encoding="utf-8") as text:
        return hcl2.load(text)


def _used(file: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """`resource` or `data`, type, content."""
    found = _read(file)
    for kind in ("resource", "data"):
        for one in found.get(kind, ()):
            for kind_of, named in one.items():
                for content in named.values():
                    if isinstance(content, dict):
                        yield kind, _bare(kind_of), content


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_what_is_asked_of_a_provider_is_in_its_schema(file: Path) -> None:
    for kind, type_of, content in _used(file):
        if type_of == "terraform_data":
            continue  # of Terraform itself
        schema = json.loads((SCHEMAS / f"{type_of.partition('_')[0]}.json").read_text("utf-8"))[kind][type_of]
        own = {name: value for name, value in content.items() if name not in OF_EVERY_TYPE}
        assert [*faults(schema, own)] == [], f"{type_of} in {file.name}"


def test_a_mistyped_argument_a_missing_one_and_one_in_a_block_are_found() -> None:
    rule = {"attributes": {"days": {"type": "number"}}, "blocks": {}}
    schema = {
        "attributes": {"bucket": {"type": "string", "required": True}},
        "blocks": {"rule": {"block": rule}},
    }
    assert [*faults(schema, {"bucket": '"a"', "rule": [{"days": 1}]})] == []
    given = {"buckett": '"a"', "rule": [{"dayz": 1}]}
    assert [*faults(schema, given)] == ["buckett", "rule.dayz", "bucket is missing"]


def test_there_is_something_to_read() -> None:
    assert sum(1 for file in FILES for _ in _used(file)) > 40
