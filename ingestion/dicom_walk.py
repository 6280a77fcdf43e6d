"""The walk over the elements of a DICOM data set: structure and lengths, without recursion.

pydicom reads truncated data silently and nests without bound, so structure is followed here, once; the values
are converted afterwards with pydicom's tables (`dicom_json`). Bulk values are stepped over, never read.
"""

from dataclasses import dataclass

from pydicom.datadict import dictionary_VR

from ingestion.dicom_elements import (
    BULK_VRS,
    IMPLICIT_LITTLE,
    ITEM,
    ITEM_END,
    NEVER_KEPT,
    PIXEL_TAGS,
    SEQUENCE_END,
    UNDEFINED,
    UNIQUE_TAGS,
    Bulk,
    DataSet,
    Encoding,
    Raw,
    Structure,
    read_header,
    tag_name,
)
from ingestion.limits import Limits
from ingestion.reader import Source
from ingestion.verdicts import Finding, Rejected


@dataclass(slots=True)
class _Level:
    """A data set, or a sequence (`items` is not None), being read. `end` None: up to its delimiter."""

    end: int | None
    dataset: DataSet
    items: list[DataSet] | None = None
    tag: int = 0
    last_tag: int = -1


class Walk:
    """One walk from `start`; `stop_group` ends it before the first element of another group (file meta)."""

    def __init__(
        self,
        source: Source,
        limits: Limits,
        encoding: Encoding,
        start: int,
        stop_group: int | None = None,
    ) -> None:
        self._source = source
        self._limits = limits
        self._position = start
        self._stop_group = stop_group
        self._elements = 0
        self._metadata = 0
        self._structure = Structure(DataSet(encoding))
        self._levels = [_Level(source.size, self._structure.dataset)]

    def run(self) -> Structure:
        """Reads up to the end of the source; raises `Rejected`."""
        while self._levels:
            level = self._levels[-1]
            if level.end is not None and self._position >= level.end:
                self._close(level)
            elif level.items is None:
                if not self._element(level):
                    break
            else:
                self._item(level)
        self._structure.end = self._position
        return self._structure

    def _close(self, level: _Level) -> None:
        if level.end is not None and self._position > level.end:
            raise Rejected("element_not_valid", tag_name(level.last_tag))
        self._levels.pop()

    def _count(self) -> None:
        self._elements += 1
        if self._elements > self._limits.elements:
            raise Rejected("too_many_elements")

    def _read_header(self, level: _Level) -> tuple[int, str | None, int, int]:
        raw = self._source.read(self._position, 12)
        if len(raw) < 8:
            raise Rejected("truncated")
        return read_header(level.dataset.encoding, raw)

    def _item(self, level: _Level) -> None:
        """An item of a sequence, or its delimiter (PS3.5 §7.5)."""
        self._count()
        tag, _, length, _ = self._read_header(level)
        self._position += 8
        if tag == SEQUENCE_END and level.end is None:
            level.end = self._position
        elif tag == ITEM:
            item = DataSet(level.dataset.encoding)
            assert level.items is not None
            level.items.append(item)
            self._push(_Level(self._end(level, length), item))
        else:
            raise Rejected("element_not_valid", tag_name(level.tag))

    def _end(self, level: _Level, length: int) -> int | None:
        """Where a value of `length` starting here ends; inside what contains it."""
        if length == UNDEFINED:
            return None
        end = self._position + length
        if end > self._source.size:
            raise Rejected("truncated", tag_name(level.last_tag if level.items is None else level.tag))
        if level.end is not None and end > level.end:
            raise Rejected(
                "element_not_valid", tag_name(level.last_tag if level.items is None else level.tag)
            )
        return end

    def _push(self, level: _Level) -> None:
        # a sequence and its item are two levels
        if len(self._levels) > 2 * self._limits.depth:
            raise Rejected("nested_too_deep")
        self._levels.append(level)

    def _element(self, level: _Level) -> bool:
        """One element; False where the walk is over."""
        self._count()
        top = len(self._levels) == 1
        if top and (self._is_past_group() or self._only_zeros()):
            return False
        tag, vr, length, size = self._read_header(level)
        if tag == ITEM_END and level.end is None:
            self._position += size
            level.end = self._position
            return True
        if tag >> 16 in (0x0000, 0xFFFE):
            raise Rejected("element_not_valid", tag_name(tag))
        self._order(level, tag, top)
        self._position += size
        end = self._end(level, length)
        if self._is_sequence(tag, vr, length):
            # UN of undefined length is an implicit VR sequence (PS3.5 §6.2.2 note 2)
            encoding = IMPLICIT_LITTLE if vr == "UN" else level.dataset.encoding
            items: list[DataSet] = []
            level.dataset.elements[tag] = items
            self._push(_Level(end, DataSet(encoding), items, tag))
        elif end is None:
            self._encapsulated(level, tag, vr, top)
        else:
            self._value(level, tag, vr, length, top)
        return True

    def _is_past_group(self) -> bool:
        # asked before the header is parsed: what follows the file meta information is encoded differently
        if self._stop_group is None:
            return False
        return self._source.read(self._position, 2) != self._stop_group.to_bytes(2, "little")

    def _order(self, level: _Level, tag: int, top: bool) -> None:
        if tag <= level.last_tag:
            if top and tag in UNIQUE_TAGS and (tag in level.dataset.elements or tag in self._structure.bulk):
                raise Rejected("element_duplicate", tag_name(tag))
            finding = Finding("elements_unordered")
            if finding not in self._structure.findings:
                self._structure.findings.append(finding)
        level.last_tag = tag

    def _is_sequence(self, tag: int, vr: str | None, length: int) -> bool:
        if vr == "SQ":
            return True
        if vr is not None and vr != "UN":
            return False
        if length == UNDEFINED:
            return tag not in PIXEL_TAGS
        if _dictionary_vr(tag) != "SQ":
            return False
        return vr is None or self._source.read(self._position, 4) == b"\xfe\xff\x00\xe0"

    def _value(self, level: _Level, tag: int, vr: str | None, length: int, top: bool) -> None:
        bulk = length > self._limits.value_bytes or tag in NEVER_KEPT
        if not bulk and length > self._limits.inline_bytes:
            bulk = (vr or _dictionary_vr(tag) or "UN")[:2] in BULK_VRS
        if bulk:
            if top:
                self._structure.bulk[tag] = Bulk(tag, vr, self._position, length)
        else:
            self._keep(level, tag, vr, length)
        self._position += length

    def _keep(self, level: _Level, tag: int, vr: str | None, length: int) -> None:
        self._metadata += length
        if self._metadata > self._limits.metadata_bytes:
            raise Rejected("metadata_too_large")
        value = self._source.read(self._position, length)
        level.dataset.elements[tag] = Raw(vr, value)

    def _encapsulated(self, level: _Level, tag: int, vr: str | None, top: bool) -> None:
        """Fragments up to their delimiter: headers only (PS3.5 §A.4)."""
        start = self._position
        fragments: list[tuple[int, int]] = []
        while True:
            self._count()
            item, _, length, _ = self._read_header(level)
            self._position += 8
            if item == SEQUENCE_END:
                break
            if item != ITEM or length == UNDEFINED:
                raise Rejected("pixel_fragments_not_valid", str(len(fragments)))
            fragments.append((self._position, length))
            self._position += length
            if self._position > self._source.size:
                raise Rejected("truncated", tag_name(tag))
        if top:
            self._structure.bulk[tag] = Bulk(tag, vr, start, self._position - start, fragments)

    def _only_zeros(self) -> bool:
        """Zero bytes up to the end are padding some writers leave; anything else must be an element."""
        if self._source.read(self._position, 8).strip(b"\0"):
            return False
        for offset in range(self._position, self._source.size, 65_536):
            if self._source.read(offset, 65_536).strip(b"\0"):
                raise Rejected("element_not_valid", tag_name(0))
        self._structure.findings.append(Finding("trailing_zeros"))
        return True


def _dictionary_vr(tag: int) -> str | None:
    try:
        return dictionary_VR(tag)
    except KeyError:
        return None
