"""A walk over a data set's tags and lengths, without recursion (PS3.5 §7.1, §7.5).

pydicom reads truncated data silently and nests without bound, so structure is followed here, once; the values
are converted afterwards with pydicom's tables (`metadata/json_writer.py`). Bulk values are stepped over,
never read.
"""

from content.byte_source import Source
from content.dicom.budget import Budget
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
    """One walk from `start`; `stop_group` ends it before the first element of another group (file meta).

    `_levels` is the stack of what is open: the data set, then by turns a sequence and one of its items.
    """

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
        self._budget = Budget(limits)
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
        # the last element of a container must end where the container does, or one of the two lengths lies
        if level.end is not None and self._position > level.end:
            raise Rejected("element_not_valid", tag_name(level.last_tag))
        self._levels.pop()

    def _note(self, code: str, where: str | None = None) -> None:
        if all(finding.code != code for finding in self._structure.findings):
            self._structure.findings.append(Finding(code, where))

    def _item(self, level: Level) -> None:
        """An item of a sequence, or its delimiter (PS3.5 §7.5.1, §7.5.2)."""
        self._budget.count()
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
            # writers put delimiters behind what states its length, too; they say nothing new
            self._note("delimiter_unexpected", tag_name(level.tag))
        else:
            raise Rejected("element_not_valid", tag_name(level.tag))

    def _open_item(self, level: Level, length: int) -> None:
        item = DataSet(level.dataset.encoding)
        assert level.items is not None  # `run` calls this for sequences alone
        if self._budget.is_spent:
            self._note("metadata_incomplete", tag_name(level.tag))
        else:
            level.items.append(item)
        end = self._end(level, level.tag, length)
        self._push(Level(end, level.room if end is None else end, item))

    def _end(self, level: Level, tag: int, length: int) -> int | None:
        """Where a value of `length` starting here ends, None where a delimiter will tell.

        It ends inside what contains it: a length that reaches beyond would hide the elements that follow.
        """
        if length == UNDEFINED:
            return None
        end = self._position + length
        if end > self._source.size:
            raise Rejected("truncated", tag_name(tag))
        if end > level.room:
            raise Rejected("element_not_valid", tag_name(tag))
        return end

    def _push(self, level: Level) -> None:
        # a sequence and its item are two levels; the standard has no bound, viewers that recurse do
        if len(self._levels) > 2 * self._limits.depth:
            raise Rejected("nested_too_deep")
        self._levels.append(level)

    def _element(self, level: Level) -> bool:
        """One element; False where the walk is over."""
        self._budget.count()
        raw = self._source.read(self._position, 12)  # the longest header: explicit VR, PS3.5 table 7.1-1
        top = len(self._levels) == 1
        if top and (raw[:2] != self._stop if self._stop else self._is_over(raw)):
            return False
        if len(raw) < 8:
            raise Rejected("truncated")
        encoding, room = level.dataset.encoding, level.room - self._position
        tag, vr, length, size = element_header(level.dataset, level.last_tag, raw, room, inside=not top)
        if tag >> 16 == 0xFFFE:  # items and delimiters, which have no VR in any encoding (PS3.5 §7.5)
            self._delimiter(level, tag, length)
            return True
        if not tag >> 16:  # command elements are of messages, never of a data set (PS3.7 §6.3.1)
            raise Rejected("element_not_valid", tag_name(tag))
        if level.dataset.encoding is not encoding or (vr is None and not encoding.implicit):
            self._note("encoding_differs", tag_name(tag))
        # data elements come in increasing order of their tags, each once (PS3.5 §7.1)
        if tag <= level.last_tag or (top and tag in UNIQUE_TAGS):
            self._order(level, tag, top)
        level.last_tag = tag
        self._position += size
        self._content(level, tag, vr, length, top)
        return True

    def _delimiter(self, level: Level, tag: int, length: int) -> None:
        """The end of an item of undefined length (PS3.5 §7.5.1); elsewhere a delimiter too many."""
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
            # inside UN it is implicit VR little endian, whatever the data set around it (PS3.5 §6.2.2)
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
        """Whether items follow: without a VR (PS3.5 §7.1.3), or with UN, dictionary and form tell."""
        if vr == "SQ":
            return True
        if vr is not None and vr != "UN":
            return False
        if length == UNDEFINED:
            return tag not in PIXEL_TAGS and not self._in_pieces(level, tag)
        if dictionary_vr(tag) != "SQ":
            return False
        # UN of a known length may also hold the bytes of something else: its first item tag tells
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
        # bulk is named by its place, so that a file of any size costs little memory
        bulk = length > self._limits.value_bytes or tag in NEVER_KEPT
        if not bulk and length > self._limits.inline_bytes:
            bulk = (vr or dictionary_vr(tag) or "UN")[:2] in BULK_VRS
        if bulk and top:
            self._structure.bulk[tag] = Bulk(tag, vr, self._position, length)
        if not top and self._budget.is_spent:
            self._note("metadata_incomplete", tag_name(tag))
        elif bulk:
            self._budget.keep(0, beside=len(level.dataset.elements))
            level.dataset.elements[tag] = Bulk(tag, vr, self._position, length)
        else:
            self._keep(level, tag, vr, length)
        self._position += length

    def _keep(self, level: Level, tag: int, vr: str | None, length: int) -> None:
        self._budget.keep(length, beside=len(level.dataset.elements))
        value = self._source.read(self._position, length)
        level.dataset.elements[tag] = Raw(vr, value)

    def _encapsulated(self, level: Level, tag: int, vr: str | None, top: bool) -> None:
        """A value of undefined length that is no sequence: fragments in items (PS3.5 §A.4)."""
        start = self._position
        inside = not top and level.end is None
        walk = FragmentWalk(
            self._source, level.dataset.encoding, tag, level.room, self._limits, inside=inside
        )
        pieces, self._position, delimited = walk.run(start)
        if not delimited:
            self._note("pixel_delimiter_missing", tag_name(tag))
        if top:
            found = Bulk(tag, vr, start, self._position - start, pieces, delimited)
            self._structure.bulk[tag] = level.dataset.elements[tag] = found
