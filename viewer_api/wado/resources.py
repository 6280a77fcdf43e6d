"""Resources of the retrieve transactions as addresses name them: UIDs, frames, attributes (PS3.18 §10.4)."""

import re

from records.errors import Invalid

MOST_FRAMES = 4096
"""Frames of one request; viewers ask for them one by one."""
# identifiers that break the form of UIDs but can stand in an address are kept as they came
# (content/dicom/instance.py), and asked for as they are
_DEEPEST = 32
_UID = re.compile(r"[0-9A-Za-z._-]{1,64}")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_ITEM = re.compile(r"0|[1-9][0-9]{0,5}")


def check_uids(*uids: str) -> None:
    """Raises `Invalid` "bad_uid" before any record is looked at."""
    if not all(map(_UID.fullmatch, uids)):
        raise Invalid("A UID in the address has at most 64 digits and dots.", code="bad_uid")


def frame_numbers(text: str) -> tuple[int, ...]:
    """The numbers of a frame list, from 1, each once, in the order asked. Raises `Invalid` "bad_frames"."""
    parts = text.split(",")
    if not all(map(_NUMBER.fullmatch, parts)) or len(set(parts)) < len(parts) or len(parts) > MOST_FRAMES:
        raise Invalid(
            f"Frames are named by numbers from 1, parted by commas, each once, at most {MOST_FRAMES}.",
            code="bad_frames",
        )
    return tuple(map(int, parts))


def attribute_path(text: str) -> tuple[str | int, ...]:
    """Tags in capitals, and between them the numbers of items, from 0. Raises `Invalid` "bad_bulkdata"."""
    parts = text.split("/")
    forms = (_ITEM if index % 2 else _TAG for index in range(len(parts)))
    whole = all(form.fullmatch(part) for form, part in zip(forms, parts, strict=True))
    if not whole or len(parts) % 2 == 0 or len(parts) > 2 * _DEEPEST:
        raise Invalid(
            "Bulk data is named by the tag of its attribute, behind sequences and numbers of their items.",
            code="bad_bulkdata",
        )
    return tuple(int(part) if index % 2 else part.upper() for index, part in enumerate(parts))
