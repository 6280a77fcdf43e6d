"""The evidence that the lines of an access log are checked by, as JSON (docs/api.md)."""

from collections.abc import Collection
from typing import Any

from keyvault.verbs.reader.grants.reading import EventPage
from keyvault.verbs.reader.log.log_reading import MOST_PASSED
from records.text.base64url import b64


def evidence_json(page: EventPage, shown: Collection[int] | None = None) -> dict[str, Any]:
    """`evidence`: entry, event, salt and predecessor of each line; `passed`: number, leaf and predecessor of
    lines that were not wanted, as far as the oldest one shown; `passed_all`: unless there were too many.

    `shown`: the numbers of the lines that are given on, where those are not all.
    """
    lines = [each for each in page.evidence if shown is None or each.seq in shown]
    oldest = lines[-1].seq if lines and shown is not None else 0
    return {
        "evidence": [
            {
                "seq": each.seq,
                "prev": b64(each.prev),
                "salt": b64(each.salt),
                "event": each.event,
                "entry": each.entry,
            }
            for each in lines
        ],
        "passed": [
            {"seq": each.seq, "leaf": b64(each.leaf), "prev": b64(each.prev)}
            for each in page.passed
            if each.seq > oldest
        ],
        "passed_all": len(page.passed) < MOST_PASSED,
    }
