"""Recognise bytes that may follow the last element of a data set without being one."""

from content.byte_source import Source
from content.dicom.elements import tag_name
from content.verdicts import Rejected

_LINE_ENDS = b"\r\n\x1a"
_CHUNK = 65_536


def trailing(source: Source, position: int, head: bytes, *, after_pixels: bool) -> str | None:
    """The warning for what starts with `head` at `position`; None where it may be an element.

    Zero bytes up to the end are padding. Fewer bytes than an element's header are a truncation, except after
    pixel data, which is the last element that matters, and line ends, which transfers as text add.
    """
    # group 0000 is of commands (PS3.7 §6.3.1), so that zeros are never an element of a data set
    if not head[:8].strip(b"\0"):
        for offset in range(position, source.size, _CHUNK):
            if source.read(offset, _CHUNK).strip(b"\0"):
                raise Rejected("element_not_valid", tag_name(0))
        return "trailing_zeros"
    if len(head) < 8 and (after_pixels or not head.strip(_LINE_ENDS)):
        return "trailing_bytes"
    return None
