"""The rule, for every room, by which renditions of a document are shown: each lives with what it shows.

A rendition that shows an instance which was withdrawn, or whose place a later version has taken, is dead. Of
those alive the newest submission's stands for its series.
"""

from collections.abc import Sequence

from records.documents.details import DocumentDetails, RenditionDetails
from records.documents.instances import by_age, kept

OVERVIEW, STRIP = "overview", "strip"
FORMS = (STRIP, OVERVIEW)
"""In the order in which a grant names them: the last one of a series is its overview."""

NOT_RENDERED, RENDERED, NOT_RENDERABLE = 0, 1, 2
"""Of a submission's images: to be made yet; made, or there are none; some series has none that could be."""


def live_renditions(
    rows: Sequence[DocumentDetails], gone: frozenset[str] = frozenset()
) -> dict[str, list[RenditionDetails]]:
    """The newest living rendition of each form, by series, of one document's rows less what is `gone`."""
    shown: dict[str, set[tuple[str, bytes]]] = {}
    for each in kept(rows, gone):
        if each.live:
            shown.setdefault(each.series, set()).add((each.instance.sop, each.instance.place.sha256))
    found: dict[str, dict[str, RenditionDetails]] = {}
    for row in by_age(rows):
        for rendition in row.renditions:
            if rendition.shows and rendition.shows <= shown.get(rendition.series, set()):
                found.setdefault(rendition.series, {})[rendition.form] = rendition
    return {uid: [forms[form] for form in FORMS if form in forms] for uid, forms in found.items()}
