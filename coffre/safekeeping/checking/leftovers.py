"""Leftovers: things that wait for the sweeper for longer than they should."""

import time

from coffre.housekeeper.sweeping import OLDEST_UPLOAD_MS
from coffre.safekeeping.checking.sides import Sides
from storage.index.inventory import Key

SETTLED_AFTER_MS = 60_000
DELETED_WITHIN_S = 2


def check_leftovers(sides: Sides) -> None:
    for key in sides.inventory.old_uploads(sides.now_ms - OLDEST_UPLOAD_MS):
        sides.found.add("upload_left", key)
    for submission_id in sides.index.unsettled(sides.now_ms - SETTLED_AFTER_MS):
        sides.found.add("submission_left", submission_id)
    for key in _abandoned(sides):
        sides.found.add("blob_left", key)


def _abandoned(sides: Sides) -> set[Key]:
    """What stays abandoned for longer than a worker takes to delete it."""
    first = {(blob.blob_id, blob.version) for blob in sides.index.abandoned_blobs()}
    if not first:
        return first
    time.sleep(DELETED_WITHIN_S)
    return first & {(blob.blob_id, blob.version) for blob in sides.index.abandoned_blobs()}
