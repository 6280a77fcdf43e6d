"""Metadata of a Store request: DICOM JSON (PS3.18 annex F) or Native DICOM XML (PS3.19 section A.1).

Runs in the sandbox. One document in, its instances out as encoded data sets with gaps for bulk data. An
instance that can't be encoded is told with its reason; the others go on.
"""

import base64
from collections.abc import Iterator
from functools import partial
from typing import Any
from xml.etree.ElementTree import ParseError

from content.byte_source import Source
from content.dicom.data_set_encoding import Gap, NotEncodable, encode_instance
from content.dicom.metadata.json_reader import json_datasets, json_text
from content.dicom.metadata.xml_reader import xml_datasets
from content.facts import EncodedFacts, MetadataFacts
from content.limits import Limits
from content.verdicts import Finding, Rejected

MOST_INSTANCES = 10_000  # of one document


def encode_metadata(
    source: Source, limits: Limits, *, xml: bool = False
) -> tuple[list[Finding], MetadataFacts | None]:
    """Findings about the document as a whole, and its instances; none where it is refused."""
    findings: list[Finding] = []
    try:
        if xml:
            datasets = xml_datasets(source, limits)
        else:
            text, findings = json_text(source)
            datasets = json_datasets(text, limits)
        instances = _instances(datasets, limits)
    except Rejected as rejected:
        return [rejected.finding], None
    except (ValueError, RecursionError, ParseError, LookupError):
        return [Finding("metadata_unreadable")], None
    if not instances:
        return [Finding("metadata_unreadable")], None
    return findings, MetadataFacts(instances)


encode_json = partial(encode_metadata, xml=False)
encode_xml = partial(encode_metadata, xml=True)


def _instances(datasets: Iterator[dict[str, Any]], limits: Limits) -> tuple[EncodedFacts, ...]:
    found: list[EncodedFacts] = []
    for dataset in datasets:
        if len(found) == MOST_INSTANCES:
            raise Rejected("metadata_too_large")
        found.append(_encoded(dataset, limits))
    return tuple(found)


def _encoded(dataset: dict[str, Any], limits: Limits) -> EncodedFacts:
    try:
        found = encode_instance(dataset, limits)
    except NotEncodable as refused:
        return EncodedFacts(refused.sop_class, refused.sop, "", refused.finding, (), ())
    segments = tuple(map(_segment, found.segments))
    return EncodedFacts(found.sop_class, found.sop, found.syntax, None, found.warnings, segments)


def _segment(each: bytes | Gap) -> str | list[str]:
    if isinstance(each, bytes):
        return base64.b64encode(each).decode("ascii")
    return [each.tag, each.vr, each.uri]
