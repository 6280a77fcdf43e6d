"""Write the values of a walked data set as DICOM JSON (PS3.18 §F.2), bulk data by its place.

A value that does not follow its type never stops the instance: it is delivered as found, text or bytes.
"""

import base64
import math
import struct
from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from pydicom.charset import convert_encodings, decode_bytes, python_encoding
from pydicom.datadict import private_dictionary_VR
from pydicom.valuerep import TEXT_VR_DELIMS, VR

from content.dicom.character_sets import meant_text
from content.dicom.elements import (
    BULK_VRS,
    PIXEL_TAGS,
    TRAILING_PADDING,
    Bulk,
    DataSet,
    Raw,
    dictionary_vr,
    tag_name,
)
from content.dicom.metadata.references import REFERENCED_VRS, reference
from records.text.numbers import decimal, integer

Json = dict[str, Any]

CHARSET, PIXEL_REPRESENTATION = 0x00080005, 0x00280103
KNOWN_VRS = frozenset(vr.value for vr in VR if len(vr.value) == 2)
_NUMBERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q", "FL": "f", "FD": "d"}
_SIZES = {vr: struct.calcsize("<" + code) for vr, code in _NUMBERS.items()}
_CHARSET_VRS = frozenset(("LO", "SH", "UC", "LT", "ST", "UT", "PN"))
_WORDS = {"OW": "H", "OL": "I", "OF": "I", "OD": "Q", "OV": "Q"}
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


class NotValid(Exception):  # noqa: N818
    """A value does not follow its type."""


def _public_vr(tag: int) -> str:
    return dictionary_vr(tag) or ("UL" if tag & 0xFFFF == 0 else "UN")


class JsonWriter:
    """Writes one instance.

    `inflated`: places count in the data set that the stored bytes inflate to. `not_valid` collects the tags
    of values that do not follow their type, `undeclared` those of texts in another character set than they
    say.
    """

    def __init__(self, *, inflated: bool = False) -> None:
        self._inflated = inflated
        self.not_valid: list[str] = []
        self.undeclared: list[str] = []

    def dataset(self, dataset: DataSet, charset: Sequence[str] = ("iso8859",), signed: bool = False) -> Json:
        """DICOM JSON; charset and pixel representation are inherited by items (PS3.5 §7.5.3)."""
        charset = self._charset(dataset, charset)
        pixel = dataset.elements.get(PIXEL_REPRESENTATION)
        if isinstance(pixel, Raw):
            signed = pixel.value.strip(b"\0") != b""
        out: Json = {}
        for tag, element in sorted(dataset.elements.items()):
            if tag & 0xFFFF == 0 and tag >> 16 != 0x0002:
                continue  # group lengths are an encoding detail (PS3.18 §F.2.2)
            if isinstance(element, list):
                items = [self.dataset(item, charset, signed) for item in element]
                out[tag_name(tag)] = {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}
            elif isinstance(element, Bulk):
                self._refer(out, tag, _resolve(dataset, tag, element.vr, signed), element)
            else:
                vr = _resolve(dataset, tag, element.vr, signed)
                out[tag_name(tag)] = self._element(tag, vr, element.value, dataset, charset)
        return out

    def _refer(self, out: Json, tag: int, vr: str, bulk: Bulk) -> None:
        """A reference, where the type may be bulk data; fragments are addressed for pixel data alone."""
        in_pieces = bulk.fragments is not None and tag not in PIXEL_TAGS
        if tag == TRAILING_PADDING or vr not in REFERENCED_VRS or in_pieces:
            return
        out[tag_name(tag)] = {"vr": vr}
        if bulk.length:
            place = reference(bulk.offset, bulk.length, inflated=self._inflated)
            out[tag_name(tag)]["BulkDataURI"] = place

    def _charset(self, dataset: DataSet, inherited: Sequence[str]) -> Sequence[str]:
        raw = dataset.elements.get(CHARSET)
        if not isinstance(raw, Raw):
            return inherited
        names = tuple(part.strip() for part in raw.value.decode("latin-1").strip("\0 ").split("\\"))
        if any(name not in python_encoding for name in names):
            self.not_valid.append(tag_name(CHARSET))
        try:
            return _encodings(names)
        except ValueError:  # a zero byte in a name
            return inherited

    def _element(self, tag: int, vr: str, value: bytes, dataset: DataSet, charset: Sequence[str]) -> Json:
        if not value:
            return {"vr": vr}
        little = dataset.encoding.little
        try:
            if vr in BULK_VRS:
                return {"vr": vr, "InlineBinary": _base64(_little(vr, value, little))}
            if vr in _NUMBERS:
                return {"vr": vr, "Value": _binary(vr, value, little)}
            if vr == "AT":
                return {"vr": vr, "Value": _tags(value, little)}
        except NotValid:
            self.not_valid.append(tag_name(tag))
            return {"vr": "UN", "InlineBinary": _base64(value)}
        values = self._texts(tag, vr, value, charset)
        return {"vr": vr, "Value": values} if values != [None] else {"vr": vr}

    def _texts(self, tag: int, vr: str, value: bytes, charset: Sequence[str]) -> list[Any]:
        if value.isascii() and b"\x1b" not in value:
            text = value.decode("ascii")
        elif vr in _CHARSET_VRS:
            text = self._decoded(tag, value, charset)
        else:
            self.not_valid.append(tag_name(tag))
            text = value.decode("latin-1")
        try:
            return _READERS.get(vr, _several)(text)
        except ValueError:
            self.not_valid.append(tag_name(tag))
            return _several(text)

    def _decoded(self, tag: int, value: bytes, charset: Sequence[str]) -> str:
        meant = meant_text(value, charset)
        if meant is not None:
            self.undeclared.append(tag_name(tag))
            return meant
        text = decode_bytes(value, charset, TEXT_VR_DELIMS)
        if "\ufffd" in text:
            self.not_valid.append(tag_name(tag))
        return text


def _resolve(dataset: DataSet, tag: int, vr: str | None, signed: bool) -> str:
    if vr is None or vr == "UN":
        vr = _private_vr(dataset, tag) if tag >> 16 & 1 else _public_vr(tag)
    if len(vr) > 2:  # "US or SS", "OB or OW", "US or SS or OW", "US or OW"
        if vr.startswith("US or SS"):
            return "SS" if signed else "US"
        return "OW"
    return vr if vr in KNOWN_VRS and vr != "SQ" else "UN"


def _private_vr(dataset: DataSet, tag: int) -> str:
    """Private creators are LO; their elements are looked up under the creator's name (PS3.5 §7.8)."""
    element = tag & 0xFFFF
    if 0x10 <= element <= 0xFF:
        return "LO"
    creator = dataset.elements.get(tag & 0xFFFF0000 | element >> 8)
    if not isinstance(creator, Raw):
        return "UN"
    try:
        return private_dictionary_VR(tag, creator.value.decode("latin-1").strip("\0 "))
    except KeyError:
        return "UN"


@lru_cache(maxsize=64)
def _encodings(names: tuple[str, ...]) -> Sequence[str]:
    return tuple(convert_encodings(list(names)))


def _several(text: str) -> list[Any]:
    if "\\" not in text:
        return [text.strip("\0 ") or None]
    return [part.strip("\0 ") or None for part in text.split("\\")]


def _one(text: str) -> list[Any]:
    return [text.rstrip("\0 ") or None]


def _names(text: str) -> list[Any]:
    return [_name(name) for name in text.rstrip("\0 ").split("\\")]


def _name(name: str) -> dict[str, str] | None:
    groups = dict(zip(_GROUPS, (group.strip("\0 ") for group in name.split("=")), strict=False))
    return {key: text for key, text in groups.items() if text} or None


def _integers(text: str) -> list[Any]:
    return [integer(part) if part else None for part in _several(text)]


def _decimals(text: str) -> list[Any]:
    numbers = [decimal(part) if part else None for part in _several(text)]
    if any(number is not None and not math.isfinite(number) for number in numbers):
        raise ValueError
    return numbers


_READERS: dict[str, Callable[[str], list[Any]]] = {
    **dict.fromkeys(("LT", "ST", "UT", "UR"), _one),  # the backslash separates nothing
    "PN": _names,
    "IS": _integers,
    "DS": _decimals,
}


def _binary(vr: str, value: bytes, little: bool) -> list[Any]:
    code, size = _NUMBERS[vr], _SIZES[vr]
    count, rest = divmod(len(value), size)
    if rest:
        raise NotValid
    numbers = struct.unpack(f"{'<' if little else '>'}{count}{code}", value)
    if vr in {"FL", "FD"}:
        return [number if math.isfinite(number) else _not_finite(number) for number in numbers]
    return list(numbers)


def _not_finite(number: float) -> str:
    """JSON has no such numbers; they travel as strings (PS3.18 §F.2.3)."""
    return "NaN" if math.isnan(number) else "inf" if number > 0 else "-inf"


def _tags(value: bytes, little: bool) -> list[Any]:
    if len(value) % 4:
        raise NotValid
    words = struct.unpack(f"{'<' if little else '>'}{len(value) // 2}H", value)
    return [f"{group:04X}{element:04X}" for group, element in zip(words[::2], words[1::2], strict=True)]


def _little(vr: str, value: bytes, little: bool) -> bytes:
    """Inline binary is little endian whatever the file was (PS3.18 §F.2.7)."""
    code = _WORDS.get(vr)
    if little or code is None or len(value) % struct.calcsize("<" + code):
        return value
    words = array(code, value)
    words.byteswap()
    return words.tobytes()


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
