"""A walk over a data set's tags and lengths, without recursion.

pydicom reads truncated data silently and nests without bound, so structure is followed here, once; the values
are converted afterwards with pydicom's tables (`dicom_json`). Bulk values are stepped over, never read.
"""

from content.byte_source import Source
from content.dicom.elements import (
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
    Level,
    Raw,
    Structure,
    dictionary_vr,
    element_header,
    read_header,
    tag_name,
)
from content.dicom.fragments import FragmentWalk, holds_fragments
from content.dicom.trailing import trailing
from content.limits import Limits
from content.verdicts import Finding, Rejected


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
        self._stop = None if stop_group is None else stop_group.to_bytes(2, "little")
        self._elements = 0
        self._metadata = 0
        self._structure = Structure(DataSet(encoding))
        self._levels = [Level(source.size, source.size, self._structure.dataset)]

    def run(self) -> Structure:
        """Reads up to the end of the source; raises `Rejected`."""
        while self._levels:
            level = self._levels[-1]
            if level.end is not None and self._position >= level.end:
                self._close(level)
            elif level.items is not None:
                self._item(level)
            elif not self._element(level):
                break
        self._structure.end = self._position
        return self._structure

    def _close(self, level: Level) -> None:
        if level.end is not None and self._position > level.end:
            raise Rejected("element_not_valid", tag_name(level.last_tag))
        self._levels.pop()

    def _note(self, code: str, where: str | None = None) -> None:
        if all(finding.code != code for finding in self._structure.findings):
            self._structure.findings.append(Finding(code, where))

    def _count(self) -> None:
        self._elements += 1
        if self._elements > self._limits.elements:
            raise Rejected("too_many_elements")

    def _is_full(self) -> bool:
        """Whether values of items are left out from here on: structure is checked to the end all the same."""
        return self._elements > self._limits.kept_elements or self._metadata > self._limits.kept_bytes

    def _item(self, level: Level) -> None:
        """An item of a sequence, or its delimiter (PS3.5 §7.5)."""
        self._count()
        raw = self._source.read(self._position, 8)
        if len(raw) < 8:
            raise Rejected("truncated", tag_name(level.tag))
        tag, _, length, _ = read_header(level.dataset.encoding, raw, 0)
        self._position += 8
        if tag == ITEM:
            self._open_item(level, length)
        elif tag == SEQUENCE_END and level.end is None:
            level.end = self._position
        elif (tag == ITEM_END or (tag == SEQUENCE_END and level.end == self._position)) and not length:
            self._note("delimiter_unexpected", tag_name(level.tag))  # after what has a length
        else:
            raise Rejected("element_not_valid", tag_name(level.tag))

    def _open_item(self, level: Level, length: int) -> None:
        item = DataSet(level.dataset.encoding)
        assert level.items is not None
        if self._is_full():
            self._note("metadata_incomplete", tag_name(level.tag))
        else:
            level.items.append(item)
        end = self._end(level, level.tag, length)
        self._push(Level(end, level.room if end is None else end, item))

    def _end(self, level: Level, tag: int, length: int) -> int | None:
        """Where a value of `length` starting here ends; inside what contains it."""
        if length == UNDEFINED:
            return None
        end = self._position + length
        if end > self._source.size:
            raise Rejected("truncated", tag_name(tag))
        if end > level.room:
            raise Rejected("element_not_valid", tag_name(tag))
        return end

    def _push(self, level: Level) -> None:
        # a sequence and its item are two levels
        if len(self._levels) > 2 * self._limits.depth:
            raise Rejected("nested_too_deep")
        self._levels.append(level)

    def _element(self, level: Level) -> bool:
        """One element; False where the walk is over."""
        self._count()
        raw = self._source.read(self._position, 12)
        top = len(self._levels) == 1
        if top and (raw[:2] != self._stop if self._stop else self._is_over(raw)):
            return False
        if len(raw) < 8:
            raise Rejected("truncated")
        encoding, room = level.dataset.encoding, level.room - self._position
        tag, vr, length, size = element_header(level.dataset, level.last_tag, raw, room, inside=not top)
        if tag >> 16 == 0xFFFE:
            self._delimiter(level, tag, length)
            return True
        if not tag >> 16:
            raise Rejected("element_not_valid", tag_name(tag))
        if level.dataset.encoding is not encoding or (vr is None and not encoding.implicit):
            self._note("encoding_differs", tag_name(tag))
        if tag <= level.last_tag or (top and tag in UNIQUE_TAGS):
            self._order(level, tag, top)
        level.last_tag = tag
        self._position += size
        self._content(level, tag, vr, length, top)
        return True

    def _delimiter(self, level: Level, tag: int, length: int) -> None:
        """The end of an item of undefined length; elsewhere a delimiter too much, which says nothing."""
        inside = len(self._levels) > 1 and level.end is None
        if tag == SEQUENCE_END and inside:
            level.end = self._position  # it ends the item's sequence as well, which sees it next
            self._note("delimiter_unexpected", tag_name(level.last_tag))
        elif tag == ITEM_END and inside:
            self._position += 8
            level.end = self._position
        elif tag != ITEM and not length:
            self._position += 8
            self._note("delimiter_unexpected", tag_name(max(level.last_tag, 0)))
        else:
            raise Rejected("element_not_valid", tag_name(tag))

    def _content(self, level: Level, tag: int, vr: str | None, length: int, top: bool) -> None:
        end = self._end(level, tag, length)
        if self._is_sequence(level, tag, vr, length):
            # UN of undefined length is an implicit VR sequence (PS3.5 §6.2.2 note 2)
            encoding = level.dataset.encoding if vr == "SQ" else IMPLICIT_LITTLE
            items: list[DataSet] = []
            level.dataset.elements[tag] = items
            self._push(Level(end, level.room if end is None else end, DataSet(encoding), items, tag))
        elif end is None:
            self._encapsulated(level, tag, vr, top)
        else:
            self._value(level, tag, vr, length, top)

    def _is_over(self, raw: bytes) -> bool:
        if len(raw) >= 8 and raw[:4] != bytes(4):
            return False
        pixels = any(tag in self._structure.bulk for tag in PIXEL_TAGS)
        code = trailing(self._source, self._position, raw, after_pixels=pixels)
        if code is not None:
            self._note(code)
        return code is not None

    def _order(self, level: Level, tag: int, top: bool) -> None:
        if top and tag in UNIQUE_TAGS and (tag in level.dataset.elements or tag in self._structure.bulk):
            raise Rejected("element_duplicate", tag_name(tag))
        if tag <= level.last_tag:
            self._note("elements_unordered")

    def _is_sequence(self, level: Level, tag: int, vr: str | None, length: int) -> bool:
        if vr == "SQ":
            return True
        if vr is not None and vr != "UN":
            return False
        if length == UNDEFINED:
            return tag not in PIXEL_TAGS and not self._in_pieces(level, tag)
        if dictionary_vr(tag) != "SQ":
            return False
        return vr is None or self._source.read(self._position, 4) == b"\xfe\xff\x00\xe0"

    def _in_pieces(self, level: Level, tag: int) -> bool:
        """A value whose type got lost on its way may be encapsulated instead of a sequence."""
        if dictionary_vr(tag) == "SQ" or not holds_fragments(
            self._source, level.dataset.encoding, self._position, level.room
        ):
            return False
        self._note("fragments_unknown", tag_name(tag))
        return True

    def _value(self, level: Level, tag: int, vr: str | None, length: int, top: bool) -> None:
        bulk = length > self._limits.value_bytes or tag in NEVER_KEPT
        if not bulk and length > self._limits.inline_bytes:
            bulk = (vr or dictionary_vr(tag) or "UN")[:2] in BULK_VRS
        if bulk:
            if top:
                self._structure.bulk[tag] = Bulk(tag, vr, self._position, length)
        elif not top and self._is_full():
            self._note("metadata_incomplete", tag_name(tag))
        else:
            self._keep(level, tag, vr, length)
        self._position += length

    def _keep(self, level: Level, tag: int, vr: str | None, length: int) -> None:
        self._metadata += length
        if self._metadata > self._limits.metadata_bytes:
            raise Rejected("metadata_too_large")
        if len(level.dataset.elements) > self._limits.kept_elements:
            raise Rejected("too_many_elements")
        value = self._source.read(self._position, length)
        level.dataset.elements[tag] = Raw(vr, value)

    def _encapsulated(self, level: Level, tag: int, vr: str | None, top: bool) -> None:
        start = self._position
        inside = not top and level.end is None
        walk = FragmentWalk(
            self._source, level.dataset.encoding, tag, level.room, self._limits, inside=inside
        )
        pieces, self._position, delimited = walk.run(start)
        if not delimited:
            self._note("pixel_delimiter_missing", tag_name(tag))
        if top:
            self._structure.bulk[tag] = Bulk(tag, vr, start, self._position - start, pieces, delimited)
