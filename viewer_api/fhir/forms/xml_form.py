"""Write a resource in XML (FHIR R4 section 2.6.1) from its JSON form.

Members stand in the order of the specification's tables (`element_order.py`), which XML asks for and JSON
does not. What no XML can hold, control characters, becomes U+FFFD.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from typing import Any

from viewer_api.fhir.forms.element_order import TYPES, Members

_NAMESPACE = "http://hl7.org/fhir"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def written(resource: Mapping[str, Any], *, pretty: bool = False) -> bytes:
    """UTF-8 with its declaration. Raises `KeyError` for a member that the tables don't have."""
    root = _resource(resource)
    root.set("xmlns", _NAMESPACE)
    if pretty:
        ET.indent(root)
    found: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return found


def _resource(resource: Mapping[str, Any]) -> ET.Element:
    kind = resource["resourceType"]
    element = ET.Element(kind)
    members = {name: each for name, each in resource.items() if name != "resourceType"}
    _fill(element, TYPES[kind], members)
    return element


def _fill(parent: ET.Element, order: Members, members: Mapping[str, Any]) -> None:
    unknown = {name.removeprefix("_") for name in members} - order.keys()
    if unknown:
        raise KeyError(sorted(unknown)[0])
    for name, kind in order.items():
        if name not in members and f"_{name}" not in members:
            continue
        if kind == "@":
            parent.set(name, _text(members[name]))
            continue
        for value, more in _pairs(members.get(name), members.get(f"_{name}")):
            parent.append(_element(name, kind, value, more))


def _pairs(values: Any, shadows: Any) -> Iterable[tuple[Any, Any]]:
    """Each value of a member with the id and extensions beside it (section 2.6.2.1)."""
    if not isinstance(values, list) and not isinstance(shadows, list):
        return [(values, shadows)]
    values, shadows = values or [], shadows or []
    most = max(len(values), len(shadows))
    padded = ([*each, *[None] * (most - len(each))] for each in (values, shadows))
    return zip(*padded, strict=True)


def _element(name: str, kind: str, value: Any, more: Any) -> ET.Element:
    element = ET.Element(name)
    if kind == "Resource":
        element.append(_resource(value))
    elif kind in TYPES:
        _fill(element, TYPES[kind], value)
    else:
        if value is not None:
            element.set("value", _text(value))
        _fill(element, TYPES["Element"], more or {})
    return element


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _NOT_XML.sub("\ufffd", str(value))
