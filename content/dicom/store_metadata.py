"""Metadata of a Store request: DICOM JSON (PS3.18 annex F) or Native DICOM XML (PS3.19 section A.1).

Runs in the sandbox. One document in, its instances out as encoded data sets with gaps for bulk data. An
instance that can't be encoded is told with its reason; the others go on.
"""

import base64
import json
from collections.abc import Iterator
from functools import partial
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from content.byte_order import marked_encoding
from content.byte_source import LARGEST, Source
from content.dicom.data_set_encoding import EncodedInstance, NotEncodable, encode_instance
from content.dicom.private_blocks import PrivateBlocks
from content.limits import Limits
from content.verdicts import Finding, Rejected
from records.numbers import whole

_MODEL = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
MOST_INSTANCES = 10_000  # of one document
MOST_VALUES = 500_000  # of one attribute
_SPACE = " \t\r\n"
_COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")


def encode_metadata(
    source: Source, limits: Limits, *, xml: bool = False
) -> tuple[list[Finding], dict[str, Any]]:
    """Findings about the document as a whole, and its `instances` as `sandbox_answer` expects them."""
    findings: list[Finding] = []
    try:
        if xml:
            datasets = _xml_datasets(source, limits)
        else:
            text, findings = _text(source)
            datasets = _json_datasets(text, limits)
        instances = _instances(datasets, limits)
    except Rejected as rejected:
        return [rejected.finding], {}
    except (ValueError, RecursionError, ParseError, LookupError):
        return [Finding("metadata_unreadable")], {}
    if not instances:
        return [Finding("metadata_unreadable")], {}
    return findings, {"instances": instances}


encode_json = partial(encode_metadata, xml=False)
encode_xml = partial(encode_metadata, xml=True)


def _instances(datasets: Iterator[dict[str, Any]], limits: Limits) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for dataset in datasets:
        if len(found) == MOST_INSTANCES:
            raise Rejected("metadata_too_large")
        found.append(_encoded(dataset, limits))
    return found


def _encoded(dataset: dict[str, Any], limits: Limits) -> dict[str, Any]:
    try:
        found = encode_instance(dataset, limits)
    except NotEncodable as refused:
        failure = [refused.finding.code, refused.finding.where]
        return {
            "sop_class": refused.sop_class,
            "sop": refused.sop,
            "syntax": "",
            "failure": failure,
            "warnings": [],
            "segments": [],
        }
    return {
        "sop_class": found.sop_class,
        "sop": found.sop,
        "syntax": found.syntax,
        "failure": None,
        "warnings": [[warning.code, warning.where] for warning in found.warnings],
        "segments": _segments(found),
    }


def _segments(found: EncodedInstance) -> list[str | list[str]]:
    return [
        base64.b64encode(each).decode("ascii") if isinstance(each, bytes) else [each.tag, each.vr, each.uri]
        for each in found.segments
    ]


def _pieces(source: Source) -> Iterator[bytes]:
    for offset in range(0, source.size, LARGEST):
        yield source.read(offset, LARGEST)


def _text(source: Source) -> tuple[str, list[Finding]]:
    """JSON is UTF-8 (RFC 8259 section 8.1); a byte order mark tells of a sender that writes otherwise."""
    document = b"".join(_pieces(source))
    encoding = marked_encoding(document)
    findings = [Finding("metadata_not_utf8")] if encoding else []
    return document.decode(encoding or "utf-8-sig"), findings


def _json_datasets(text: str, limits: Limits) -> Iterator[dict[str, Any]]:
    """The objects of the array, one at a time in memory; an object without an array is one too."""
    # numbers stay the text they were: no value is rounded, no digit costs more than its byte
    objects = _Objects(limits.kept_elements)
    decoder = json.JSONDecoder(
        object_pairs_hook=objects.made, parse_float=str, parse_int=str, parse_constant=_refuse
    )
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        dataset, at = decoder.raw_decode(text, at)
        yield _object(dataset)
    else:
        while text[at] in "[,":
            objects.count = 0
            dataset, at = decoder.raw_decode(text, _skip(text, at + 1))
            yield _object(dataset)
            at = _skip(text, at)
        if text[at] != "]":
            raise ValueError
        at += 1
    if _skip(text, at) != len(text):
        raise ValueError


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in _SPACE:
        at += 1
    return at


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Rejected("metadata_member_twice")
    return found


def _refuse(constant: str) -> None:
    raise ValueError


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError  # noqa: TRY004 - one error for all that isn't metadata
    return value


class _Objects:
    """Objects of one instance as they are parsed; each is an attribute, an item or a name."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.count = 0

    def made(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        self.count += 1
        if self.count > self._most:
            raise Rejected("metadata_too_large")
        return _unambiguous(pairs)


class _Model(TreeBuilder):
    """The tree as it grows: no document type, where entities are declared, and an end to depth and number."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self._left = 3 * limits.kept_elements  # an attribute is an element with one for each value
        # a level is an attribute and an item; below the last there may be a name of three levels
        self._levels = 2 * (limits.depth + 3)

    def start(self, tag: Any, attrs: Any, /) -> Element:
        self._left -= 1
        self._levels -= 1
        if self._levels < 0:
            raise Rejected("nested_too_deep")
        if self._left < 0:
            raise Rejected("metadata_too_large")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._levels += 1
        return super().end(tag)

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError


def _xml_datasets(source: Source, limits: Limits) -> Iterator[dict[str, Any]]:
    encoding = marked_encoding(source.read(0, 2))
    parser = XMLParser(target=_Model(limits), encoding=encoding)  # noqa: S314 - no entities, and confined
    for piece in _pieces(source):
        parser.feed(piece)
    root = parser.close()
    if root.tag.removeprefix(_MODEL) != "NativeDicomModel":  # some senders leave the namespace out
        raise ValueError
    yield _dataset(root, limits.depth)


def _dataset(parent: Element, depth: int) -> dict[str, Any]:
    if depth < 0:
        raise Rejected("nested_too_deep")
    blocks = PrivateBlocks(
        (each.attrib["tag"], each.findtext("{*}Value", "")) for each in parent if _plain(each)
    )
    tags = [blocks.tag(each.attrib["tag"], each.get("privateCreator")) for each in parent]
    attributes = [_attribute(each, depth) for each in parent]
    return blocks.creators | _unambiguous([*zip(tags, attributes, strict=True)])


def _plain(element: Element) -> bool:
    return element.get("privateCreator") is None


def _attribute(element: Element, depth: int) -> dict[str, Any]:
    attribute: dict[str, Any] = {"vr": element.attrib["vr"]}
    for child in element:
        name = child.tag.removeprefix(_MODEL)
        if name == "BulkData":
            _once(attribute, "BulkDataURI", child.get("uri") or child.attrib["uuid"])
        elif name == "InlineBinary":
            _once(attribute, "InlineBinary", child.text or "")
        else:
            attribute.setdefault("Value", []).append((whole(child.attrib["number"]), _value(child, depth)))
    if "Value" in attribute:
        attribute["Value"] = _in_order(attribute["Value"])
    return attribute


def _in_order(numbered: list[tuple[int, Any]]) -> list[Any]:
    """Values carry their number; one that is left out is empty (PS3.19 table A.1.5-2)."""
    found = dict(numbered)
    last = max(found)
    if len(found) != len(numbered):
        raise Rejected("metadata_member_twice")
    if min(found) < 1 or last > MOST_VALUES:
        raise ValueError
    return [found.get(number) for number in range(1, last + 1)]


def _person_name(element: Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for group in element:
        texts = _unambiguous([(child.tag.removeprefix(_MODEL), child.text or "") for child in group])
        name = "^".join(texts.get(component, "") for component in _COMPONENTS).rstrip("^")
        _once(found, group.tag.removeprefix(_MODEL), name)
    return found


def _once(members: dict[str, Any], name: str, value: str) -> None:
    if name in members:
        raise Rejected("metadata_member_twice")
    members[name] = value


def _value(element: Element, depth: int) -> Any:
    name = element.tag.removeprefix(_MODEL)
    if name == "Item":
        return _dataset(element, depth - 1)
    if name == "PersonName":
        return _person_name(element)
    if name != "Value":
        raise ValueError
    return element.text or ""
