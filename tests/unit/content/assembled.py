"""Metadata as the sandbox answers it, and what it becomes with the bulk data that came beside."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from content.byte_source import BytesSource
from content.dicom.metadata.store_request import encode_json, encode_xml
from content.facts import EncodedFacts, MetadataFacts
from content.limits import DEFAULT_LIMITS, Limits
from content.sandbox.answer import read_answer
from content.sandbox.child import encode_answer
from ingestion.envelope import Described
from ingestion.worker.assembly import AssembledContent, Assembler, Instance, bulk_parts
from keyvault.keys.reception import ReceivedPart
from tests.unit.content.metadata_forms import Bulk

JSON = "application/dicom+json"
Dataset = dict[str, Any]


class Memory:
    """Received content in memory."""

    blob = None

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]

    def stream(self, offset: int, length: int) -> Any:
        raise NotImplementedError


def instances_of(
    document: bytes, *, xml: bool = False, limits: Limits = DEFAULT_LIMITS
) -> Sequence[EncodedFacts]:
    """The sandbox's answer about a document, through the checks of the parent."""
    findings, facts = (encode_xml if xml else encode_json)(BytesSource(document), limits)
    kind = "dicom+xml" if xml else "dicom+json"
    found, checked = read_answer(encode_answer(findings, facts), kind, len(document))
    assert [f.code for f in found] == [f.code for f in findings]
    return checked.instances if isinstance(checked, MetadataFacts) else ()


def assemble(
    encoded: Sequence[EncodedFacts], bulk: list[Bulk]
) -> tuple[list[Instance], AssembledContent, Assembler]:
    data, parts, described = b"", [], []
    for each in bulk:
        kind, _, syntax = each.content_type.partition("; transfer-syntax=")
        parts.append(ReceivedPart(UUID(int=0), len(data), len(each.data), bytes(32)))
        described.append(Described(kind, syntax, each.location))
        data += each.data
    assembler = Assembler(bulk_parts(parts, described, JSON))
    found = [assembler.instance(each) for each in encoded]
    return found, AssembledContent(Memory(data), found), assembler


def minimal(**more: Any) -> Dataset:
    """The least metadata of an instance; attributes by tag, underscore first."""
    return {
        "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.7"]},
        "00080018": {"vr": "UI", "Value": ["1.2.3.4"]},
        **{tag.removeprefix("_"): attribute for tag, attribute in more.items()},
    }
