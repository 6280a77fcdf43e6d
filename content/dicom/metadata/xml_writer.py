"""Write a data set as Native DICOM Model (PS3.19 section A.1), for answers in `application/dicom+xml`."""

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


def native_dicom(dataset: Mapping[str, Any], keywords: Mapping[str, str]) -> bytes:
    """The document of a DICOM JSON data set of texts, numbers and sequences; `keywords` by tag."""
    root = Element("NativeDicomModel", {"xmlns": NAMESPACE, _SPACE: "preserve"})
    _attributes(root, dataset, keywords)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _attributes(parent: Element, dataset: Mapping[str, Any], keywords: Mapping[str, str]) -> None:
    for tag, attribute in sorted(dataset.items()):
        names = {"tag": tag, "vr": attribute["vr"], "keyword": keywords[tag]}
        element = SubElement(parent, "DicomAttribute", names)
        for number, value in enumerate(attribute["Value"], 1):
            if attribute["vr"] == "SQ":
                _attributes(SubElement(element, "Item", {"number": str(number)}), value, keywords)
            else:
                SubElement(element, "Value", {"number": str(number)}).text = str(value)
