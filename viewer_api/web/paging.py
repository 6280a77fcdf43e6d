"""Long lists by the page: where the neighbours of a page begin, as an address or a form says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from keyvault.verbs.reader.lists.filling import ListPage
from keyvault.verbs.reader.lists.listing import Listing
from viewer_api.cursors import read_cursor, write_cursor

PAGE = 100
AFTER, BEFORE = "apres", "avant"
PREVIEWS = "apercus"
"""Asks for a small picture of each study: each of them is a consultation of its images."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The fields that ask for the pages beside one, and for this one again; None at the ends of the list."""

    here: Mapping[str, str]
    newer: Mapping[str, str] | None
    older: Mapping[str, str] | None

    @property
    def is_whole(self) -> bool:
        """Whether there is no page but this one."""
        return not self.here and self.newer is None and self.older is None


def page_of(fields: Mapping[str, str]) -> ListPage:
    """The page that fields ask for, the newest where they name none. Raises `Invalid` "bad_cursor"."""
    after, before = read_cursor(fields.get(AFTER)), read_cursor(fields.get(BEFORE))
    if after is not None:
        before = None
    return ListPage(after=after, before=before, limit=PAGE, companions=True)


def place_of(fields: Mapping[str, str]) -> dict[str, str]:
    """Those of the fields that name a page. Raises `Invalid` "bad_cursor"."""
    page_of(fields)
    return {name: fields[name] for name in (AFTER, BEFORE) if name in fields}


def neighbours(asked: ListPage, listing: Listing) -> Neighbours:
    return Neighbours(
        here=_fields(AFTER, asked.after) or _fields(BEFORE, asked.before) or {},
        newer=_fields(BEFORE, listing.preceding),
        older=_fields(AFTER, listing.following),
    )


def _fields(name: str, key: tuple[int, UUID] | None) -> dict[str, str] | None:
    return None if key is None else {name: write_cursor(key)}
