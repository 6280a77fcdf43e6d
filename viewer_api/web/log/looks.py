"""Lines of the access log that are one look at one thing: who reads a document first finds it in its list.

Each page and the browser's own opening leave a line of their own, as each discloses something: finding the
record, its list, the page of a study, that of its images, the grant. The grouping is the page's alone; the
log and its proofs have every line.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from records.vocabulary.codes import Action, Outcome

PAUSE = timedelta(minutes=10)
"""Lines further apart than this are not one look."""
ON_THE_WAY = frozenset({Action.IDENTIFY, Action.SEARCH})
Event = Mapping[str, Any]


def looks(events: Sequence[Event]) -> list[list[Event]]:
    """`events` of one person, purpose and result, the oldest first, parted into looks; a look's last line is
    what it was for, and all of them follow each other without a long pause.
    """
    found: list[list[Event]] = []
    for event in events:
        if found and _goes_on(found[-1], event):
            found[-1].append(event)
        else:
            found.append([event])
    return [part for look in found for part in _parted(look)]


def _goes_on(look: Sequence[Event], event: Event) -> bool:
    last = look[-1]
    if event["outcome"] != Outcome.PERMIT or _time(event) - _time(last) > PAUSE:
        return False
    is_same = event["action"] == last["action"] == Action.RETRIEVE and event.get("object") == last.get(
        "object"
    )
    return last["action"] in ON_THE_WAY or (is_same and event.get("object") is not None)


def _parted(look: list[Event]) -> list[list[Event]]:
    """A way that led to no reading is no look: each of its lines is what it says."""
    return [look] if look[-1]["action"] == Action.RETRIEVE else [[event] for event in look]


def _time(event: Event) -> datetime:
    return datetime.fromisoformat(event["time"])
