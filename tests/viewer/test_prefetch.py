"""Images around the shown one are loaded ahead: the nearest first, a few at once, within a bound."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.opener import node

SCRIPT = Path(__file__).parent / "prefetch_around.mjs"
AT_ONCE, FARTHEST = 4, 400


def prefetched(*shown: int, images: int = 2_000, room: int = 10_000, stopped: bool = False) -> dict[str, Any]:
    told = json.dumps({"shown": shown, "images": images, "room": room, "stopped": stopped})
    done = subprocess.run([node.program(), SCRIPT], input=told, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_nearest_come_first_a_few_at_once_and_no_farther_than_the_bound() -> None:
    found = prefetched(1_000)
    assert found["asked"][:6] == [1_001, 999, 1_002, 998, 1_003, 997]
    assert found["mostAtOnce"] == AT_ONCE
    assert set(found["asked"]) == {*range(1_000 - FARTHEST, 1_001 + FARTHEST)} - {1_000}


def test_a_reader_who_moves_on_is_followed() -> None:
    found = prefetched(0, 1_000)
    assert found["asked"][:AT_ONCE] == [1, 2, 3, 4]
    assert found["asked"][AT_ONCE:][:2] == [1_001, 999]
    assert found["mostAtOnce"] == AT_ONCE


def test_it_ends_where_there_is_no_more_room() -> None:
    assert len(prefetched(0, room=50)["asked"]) == 50


def test_nothing_more_is_loaded_of_a_series_that_was_left() -> None:
    assert prefetched(0, stopped=True)["asked"] == [1, 2, 3, 4]
