"""A bill of materials (CycloneDX 1.6, JSON) of what a lock installs: digests, licences, who needs whom.

`python deploy/inventory/sbom.py requirements/engines.txt` prints it. Names, versions and digests are the
lock's; licences and needs are those that the installed packages say of themselves. Printed again for the same
lock it is the same.
"""

import json
import re
import sys
import uuid
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_PIN = re.compile(r"^([a-z0-9._-]+)==(\S+)(?: ; .+)? \\$")
_HASH = re.compile(r"^    --hash=sha256:([0-9a-f]{64})")
SPACE = uuid.UUID("7f9c4a0e-5d8e-4a7c-9a43-0f6b3a3c1d52")
"""Of our serial numbers: the same lock has the same one."""
CLASSIFIERS = {
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
    "License :: OSI Approved :: ISC License (ISCL)": "ISC",
    "License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "License :: OSI Approved :: GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
}


def pins(lock: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Name, version and SHA-256 digests of each pin."""
    name, version, digests = "", "", list[str]()
    for line in lock.read_text("utf-8").splitlines():
        if pin := _PIN.match(line):
            if name:
                yield name, version, digests
            name, version, digests = canonicalize_name(pin[1]), pin[2], []
        elif digest := _HASH.match(line):
            digests.append(digest[1])
    if name:
        yield name, version, digests


def bill(lock: Path) -> dict[str, Any]:
    """The whole bill; `NOASSERTION` of a licence that a package does not say in a form that is known."""
    found = list(pins(lock))
    names = {name: f"pkg:pypi/{name}@{version}" for name, version, _ in found}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(SPACE, lock.read_text('utf-8'))}",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "coffre", "bom-ref": "coffre"}},
        "components": [_component(name, version, digests) for name, version, digests in found],
        "dependencies": [
            {"ref": ref, "dependsOn": sorted(names[need] for need in _needs(name) if need in names)}
            for name, ref in names.items()
        ],
    }


def _component(name: str, version: str, digests: list[str]) -> dict[str, Any]:
    reference = f"pkg:pypi/{name}@{version}"
    licence = licence_of(name)
    known = licence != "NOASSERTION"
    return {
        "type": "library",
        "bom-ref": reference,
        "name": name,
        "version": version,
        "purl": reference,
        "licenses": [{"expression": licence}] if known else [{"license": {"name": "NOASSERTION"}}],
        "properties": [{"name": "coffre:sha256", "value": digest} for digest in digests],
    }


def licence_of(name: str) -> str:
    """An SPDX expression, from the package's own fields in the order of what they are worth."""
    try:
        metadata = distribution(name).metadata
    except PackageNotFoundError:
        return "NOASSERTION"
    for said in (metadata.get("License-Expression"), metadata.get("License")):
        try:
            return str(canonicalize_license_expression(said or ""))
        except InvalidLicenseExpression:
            continue
    classified = [CLASSIFIERS[each] for each in metadata.get_all("Classifier") or () if each in CLASSIFIERS]
    return " OR ".join(sorted(set(classified))) or "NOASSERTION"


def _needs(name: str) -> set[str]:
    try:
        wanted = distribution(name).requires or ()
    except PackageNotFoundError:
        return set()
    needs = (Requirement(each) for each in wanted)
    return {
        canonicalize_name(each.name)
        for each in needs
        if each.marker is None or each.marker.evaluate({"extra": ""})
    }


if __name__ == "__main__":
    print(json.dumps(bill(Path(sys.argv[1])), indent=1))
