"""Read the data set of a Native DICOM Model (PS3.19 section A.1) as DICOM JSON, each member once."""

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder, XMLParser

from content.byte_order import marked_encoding
from content.byte_source import Source, in_pieces
from content.dicom.metadata.private_blocks import PrivateBlocks
from content.limits import Limits
from content.verdicts import Rejected
from records.text.numbers import whole

_MODEL = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
MOST_VALUES = 500_000  # of one attribute
_COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")


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


def xml_datasets(source: Source, limits: Limits) -> Iterator[dict[str, Any]]:
    """The one data set of a document. Raises `Rejected`, `ParseError`, `LookupError` and `ValueError`."""
    encoding = marked_encoding(source.read(0, 2))
    parser = XMLParser(target=_Model(limits), encoding=encoding)  # noqa: S314 - no entities, and confined
    for piece in in_pieces(source):
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
    found: dict[str, Any] = {}
    for tag, attribute in zip(tags, attributes, strict=True):
        _once(found, tag, attribute)
    return blocks.creators | found


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
        texts: dict[str, str] = {}
        for child in group:
            _once(texts, child.tag.removeprefix(_MODEL), child.text or "")
        name = "^".join(texts.get(component, "") for component in _COMPONENTS).rstrip("^")
        _once(found, group.tag.removeprefix(_MODEL), name)
    return found


def _once(members: dict[str, Any], name: str, value: Any) -> None:
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
