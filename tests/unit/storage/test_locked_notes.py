"""Notes under object lock: what counts is what the store says afterwards."""

from unittest.mock import Mock

import pytest

from records.errors import CoffreError
from storage.objects.address import parse
from storage.objects.bucket import Failure
from storage.objects.locked import LockedNotes

UNTIL = 2_000_000_000.5


def notes_on(locked_until: float | None) -> LockedNotes:
    """A store that takes every request and claims that retention."""
    bucket = Mock()
    bucket.get.side_effect = Failure(404, "NoSuchKey")
    bucket.locked_until.return_value = locked_until
    return LockedNotes(bucket, parse("s3://notes?endpoint=http://127.0.0.1:1"))


@pytest.mark.parametrize("locked_until", [2_000_000_000.0, 2_000_000_001.0])
def test_a_lock_to_the_second_holds(locked_until: float) -> None:
    notes_on(locked_until).put_locked("name", b"note", UNTIL)


@pytest.mark.parametrize("locked_until", [None, 1_999_999_999.0])
def test_a_store_that_accepts_and_does_not_lock_is_told(locked_until: float | None) -> None:
    with pytest.raises(CoffreError) as told:
        notes_on(locked_until).put_locked("name", b"note", UNTIL)
    assert told.value.code == "lock_missing"
