"""Which frames a rendition shows, how many a strip has, what becomes of an image that gives no picture."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.pixels.failures import FAILURES, RenderingBusy
from content.rendition import MOST_FRAMES
from content.sandbox.metering import InHand
from content.sandbox.pool import SandboxUnavailable
from ingestion.worker.inspection_turns import Turns
from ingestion.worker.renditions import Images, Pictured, Renditions, shown_by, strip_count
from records.documents.renditions import NOT_RENDERABLE, NOT_RENDERED
from records.errors import CoffreError, Conflict

COUNTS = st.lists(st.integers(1, 40), min_size=1, max_size=60)


def image(number: int, count: int = 1, size: int = 2**19) -> Pictured:
    return Pictured(f"1.{number}", bytes(32), size, number, count, None, lambda *_: b"")


@pytest.fixture
def turns() -> Iterator[Turns]:
    made = Turns(1, 2)
    yield made
    made.shutdown()


class Raising:
    """Pictures of which none is made."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def overview(
        self, source: Pictured, frame: int, most_bytes: int, spent: Callable[[float], None]
    ) -> bytes:
        raise self._error

    def strip(self, images: Images, most_bytes: int, spent: Callable[[float], None]) -> bytes:
        raise self._error


class Noting(Raising):
    """Notes whose images are drawn."""

    def __init__(self) -> None:
        super().__init__(FAILURES["cannot_render"]())
        self.owners: list[bytes | None] = []

    def overview(
        self, source: Pictured, frame: int, most_bytes: int, spent: Callable[[float], None]
    ) -> bytes:
        self.owners.append(source.owner)
        raise self._error


def test_a_child_draws_for_one_depositor_record_and_study(turns: Turns) -> None:
    """Submissions that grow a study share it; nobody's images are seen by another's child."""
    pictures = Noting()
    renditions = Renditions(pictures, turns)
    brought = ([b"depositor", b"record"], [b"depositor", b"other"], [b"another", b"record"], [b"submission"])
    for study in ("1.2", "1.3"):
        for names in brought:
            for series in ("1.4", "1.5"):
                renditions.maker(InHand(lambda: None), names)(study, series, [image(1)])
    pairs = [*zip(pictures.owners[::2], pictures.owners[1::2], strict=True)]
    assert all(one == other for one, other in pairs)
    assert len(set(pictures.owners)) == 2 * len(brought)
    renditions.maker(InHand(lambda: None))("1.2", "1.4", [image(1)])
    assert pictures.owners[-1] is None


class TestWhatGivesNoPicture:
    """It is no verdict: the deposit goes on and is published without."""

    def state_after(self, turns: Turns, error: Exception) -> int:
        made = Renditions(Raising(error), turns).maker(InHand(lambda: None))("1.2", "1.3", [image(1)])
        assert made.renditions == ()
        return made.state

    @pytest.mark.parametrize("code", FAILURES)
    def test_what_is_said_of_an_image_is_not_tried_again(self, turns: Turns, code: str) -> None:
        assert self.state_after(turns, FAILURES[code]()) == NOT_RENDERABLE

    @pytest.mark.parametrize(
        "error",
        [RenderingBusy("Too many images are being drawn."), SandboxUnavailable("The sandbox is closed.")],
    )
    def test_a_machine_without_room_is_tried_again(self, turns: Turns, error: CoffreError) -> None:
        assert self.state_after(turns, error) == NOT_RENDERED

    def test_a_lost_lease_ends_the_try(self, turns: Turns) -> None:
        with pytest.raises(Conflict):
            self.state_after(turns, Conflict("The lease of this submission is lost.", code="lease_lost"))


class TestWhatIsShown:
    @given(COUNTS, st.integers(1, MOST_FRAMES))
    def test_frames_follow_each_other_and_none_is_shown_twice(self, counts: list[int], wanted: int) -> None:
        series = [image(number, count) for number, count in enumerate(counts)]
        wanted = min(wanted, sum(counts))
        shown = [(each.number, frame) for each, frame in shown_by(series, wanted)]
        assert len(shown) == wanted
        assert shown == sorted(set(shown))
        assert all(1 <= frame <= counts[int(number)] for number, frame in shown)

    @given(COUNTS, st.integers(1, MOST_FRAMES), st.randoms())
    def test_the_order_of_arrival_is_no_matter(self, counts: list[int], wanted: int, random: object) -> None:
        series = [image(number, count) for number, count in enumerate(counts)]
        mixed = list(series)
        random.shuffle(mixed)  # type: ignore[attr-defined]
        wanted = min(wanted, sum(counts))
        assert shown_by(mixed, wanted) == shown_by(series, wanted)

    def test_one_frame_is_the_middle_one(self) -> None:
        ((instance, frame),) = shown_by([image(1, 3), image(2, 100), image(3, 2)], 1)
        assert (instance.number, frame) == (2, 50)


class TestStrips:
    def test_a_short_series_has_none(self) -> None:
        assert strip_count([image(1)] * 15, 0.0) == 0
        assert strip_count([replace(image(1), size=2**28)], 0.0) == 0

    def test_it_shows_no_more_frames_than_there_are_and_than_fit(self) -> None:
        large = [replace(image(number), size=2**26) for number in range(20)]
        assert strip_count(large, 0.0) == 20
        assert strip_count([replace(image(1, 300), size=2**28)], 0.0) == MOST_FRAMES

    def test_what_is_dear_to_decode_has_fewer_frames_or_none(self) -> None:
        series = [image(number) for number in range(100)]
        counts = [strip_count(series, cost) for cost in (0.0, 0.01, 0.02, 0.1)]
        assert counts == sorted(counts, reverse=True)
        assert counts[-1] == 0
