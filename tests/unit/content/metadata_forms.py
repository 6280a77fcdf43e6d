"""Instances written as Store requests of metadata and bulk data, by pydicom and by hand."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import pydicom
from pydicom.encaps import generate_frames

from content.dicom.metadata.xml_writer import NAMESPACE

MEDIA_TYPES = {
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.51": "image/jpeg",
    "1.2.840.10008.1.2.4.57": "image/jpeg",
    "1.2.840.10008.1.2.4.70": "image/jpeg",
    "1.2.840.10008.1.2.4.80": "image/jls",
    "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
    "1.2.840.10008.1.2.4.201": "image/jphc",
    "1.2.840.10008.1.2.4.202": "image/jphc",
    "1.2.840.10008.1.2.4.203": "image/jphc",
    "1.2.840.10008.1.2.5": "image/dicom-rle",
}


@dataclass
class Bulk:
    """A part of bulk data."""

    content_type: str
    location: str
    data: bytes

    def part(self) -> bytes:
        head = f"Content-Type: {self.content_type}\r\nContent-Location: {self.location}\r\n\r\n"
        return head.encode() + self.data


def as_json(dataset: pydicom.Dataset, base: str, threshold: int = 256) -> tuple[dict[str, Any], list[Bulk]]:
    """A data set as pydicom writes it in DICOM JSON, its long binary values apart under `base`."""
    bulk: list[Bulk] = []
    syntax = dataset.file_meta.TransferSyntaxUID

    def apart(element: pydicom.DataElement) -> str:
        location = f"{base}/{len(bulk)}"
        if element.tag == 0x7FE00010 and syntax.is_compressed and syntax != "1.2.840.10008.1.2.1.99":
            kind = f"{MEDIA_TYPES[syntax]}; transfer-syntax={syntax}"
            count = int(dataset.get("NumberOfFrames", 1) or 1)
            frames = list(generate_frames(element.value, number_of_frames=count))
            places = [f"{location}/frames/{n}" for n in range(1, count + 1)] if count > 1 else [location]
            bulk.extend(Bulk(kind, place, frame) for place, frame in zip(places, frames, strict=True))
        else:
            value = element.value if isinstance(element.value, bytes) else str(element.value).encode()
            bulk.append(Bulk("application/octet-stream", location, value))
        return location

    found = dataset.to_json_dict(bulk_data_threshold=threshold, bulk_data_element_handler=apart)
    return found, bulk


def read(content: bytes) -> pydicom.Dataset:
    return pydicom.dcmread(BytesIO(content))


def json_part(*datasets: dict[str, Any]) -> bytes:
    head = b"Content-Type: application/dicom+json\r\n\r\n"
    return head + json.dumps(list(datasets)).encode()


def xml_part(dataset: dict[str, Any]) -> bytes:
    """The same data set as Native DICOM Model (PS3.19 section A.1)."""
    root = Element("NativeDicomModel", {"xmlns": NAMESPACE})
    _attributes(root, dataset)
    written: bytes = tostring(root, xml_declaration=True, encoding="utf-8")
    document = written.replace(b"\r", b"&#13;")  # else readers take it for the end of a line (XML 1.0, 2.11)
    return b"Content-Type: application/dicom+xml\r\n\r\n" + document


def _attributes(parent: Element, dataset: dict[str, Any]) -> None:
    for tag, attribute in dataset.items():
        element = SubElement(parent, "DicomAttribute", {"tag": tag, "vr": attribute["vr"]})
        if "BulkDataURI" in attribute:
            SubElement(element, "BulkData", {"uri": attribute["BulkDataURI"]})
        elif "InlineBinary" in attribute:
            SubElement(element, "InlineBinary").text = attribute["InlineBinary"]
        for number, value in enumerate(attribute.get("Value", []), 1):
            if value is not None:
                _value(element, attribute["vr"], str(number), value)


def _value(element: Element, vr: str, number: str, value: Any) -> None:
    if vr == "SQ":
        _attributes(SubElement(element, "Item", {"number": number}), value)
    elif vr == "PN":
        name = SubElement(element, "PersonName", {"number": number})
        for group, text in value.items():
            components = SubElement(name, group)
            parts = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
            for part, component in zip(parts, text.split("^"), strict=False):
                SubElement(components, part).text = component
    else:
        SubElement(element, "Value", {"number": number}).text = str(value)


def framed(parts: Iterable[bytes], boundary: str = "b0undary") -> bytes:
    """A multipart body of parts that bring their headers."""
    return (
        b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts) + f"--{boundary}--".encode()
    )


def related_type(kind: str, boundary: str = "b0undary") -> str:
    return f'multipart/related; type="{kind}"; boundary={boundary}'
