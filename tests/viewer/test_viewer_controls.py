"""What a reader does with a shown image, by wheel, mouse, fingers, buttons and each key of the keyboard map.

The images are bright everywhere, so that what is not black on the canvas is the image, and where it lies.
"""

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy
import pydicom
import pytest
from PIL import Image
from playwright.sync_api import Browser

from tests.integration.support import Coffre
from tests.viewer.viewer_page import ViewerPage, deposited

KEYS = Path(__file__).parents[2] / "viewer_api" / "viewer" / "frontend" / "src" / "keys.js"
COUNT, OWN_CENTER, OWN_WIDTH = 12, 1000, 2000
PRESSED = {" ": "Space"}
PX = 3
"""The canvas rounds to pixels."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page shows: the image by its number, its window, its frame in pixels and its mean grey."""

    image: int
    center: int
    width: int
    left: int
    top: int
    across: int
    down: int
    grey: float
    is_playing: bool
    has_help: bool


@dataclass
class Reader(ViewerPage):
    """At a CT of `COUNT` images, with the mouse in the middle of the image."""

    fingers: Any = None

    def begin(self) -> Seen:
        """The first image, the whole of it with room on all sides, as its window says."""
        self.press_button("first")
        self.press_button("reset")
        self.press_button("zoom-out")
        assert self.until(lambda: self.place == f"image 1 sur {COUNT}" and self.page.evaluate(self.canvas))
        self.page.locator("#canvas").focus()
        self.page.mouse.move(*self.middle)
        return self.seen()

    def press_button(self, command: str) -> None:
        self.page.locator(f"[data-command={command}]").click()

    def choose(self, tool: str) -> None:
        self.page.locator(f"[data-tool={tool}]").click()

    @property
    def middle(self) -> tuple[float, float]:
        box = self.page.locator("#canvas").bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag(self, across: float, down: float, button: Any = "left") -> None:
        x, y = self.middle
        self.page.mouse.move(x, y)
        self.page.mouse.down(button=button)
        self.page.mouse.move(x + across, y + down, steps=4)
        self.page.mouse.up(button=button)

    def touch(self, *fingers: tuple[tuple[float, float], tuple[float, float]]) -> None:
        """Each finger goes from one place to another, counted from the middle."""
        x, y = self.middle
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            points = [
                {
                    "id": number,
                    "x": x + start[0] + share * (end[0] - start[0]),
                    "y": y + start[1] + share * (end[1] - start[1]),
                }
                for number, (start, end) in enumerate(fingers)
            ]
            self._touched("touchMove" if share else "touchStart", points)
        self._touched("touchEnd", [])

    def _touched(self, kind: str, points: list[dict[str, float]]) -> None:
        self.fingers = self.fingers or self.page.context.new_cdp_session(self.page)
        self.fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def seen(self) -> Seen:
        picture = self.page.evaluate(self.canvas)
        assert picture is not None
        shades = numpy.asarray(Image.open(BytesIO(base64.b64decode(picture.partition(",")[2]))).convert("L"))
        rows, columns = (numpy.flatnonzero((shades > 8).any(axis=axis)) for axis in (1, 0))
        top, left = int(rows[0]), int(columns[0])
        down, across = int(rows[-1]) - top + 1, int(columns[-1]) - left + 1
        image, _ = self.numbers("#place")
        center, width = self.numbers("#window")
        return Seen(
            image,
            center,
            width,
            left,
            top,
            across,
            down,
            grey=float(shades[top : top + down, left : left + across].mean()),
            is_playing=self.page.locator("#play").inner_text() == "Arrêter",
            has_help=self.page.locator("#help").evaluate("each => each.open"),
        )

    def numbers(self, what: str) -> tuple[int, int]:
        one, other = re.findall(r"-?\d+", self.page.locator(what).inner_text())
        return int(one), int(other)

    def shows(self, expected: Callable[[Seen], bool]) -> None:
        """Once the page has drawn; what it shows instead is told."""
        seen: list[Seen] = []

        def looked() -> bool:
            if self.page.evaluate(self.canvas):
                seen.append(self.seen())
            return bool(seen) and expected(seen[-1])

        assert self.until(looked), seen[-1]


@pytest.fixture(scope="module", params=["processeur", pytest.param("carte", marks=pytest.mark.long)])
def opened(browser: Browser, served: Coffre, request: pytest.FixtureRequest) -> Iterator[Reader]:
    """The page that all tests share, drawn by the processor or by the graphics card."""
    page = browser.new_page(viewport={"width": 1200, "height": 900}, locale="fr-FR", has_touch=True)
    reader = Reader(page, served)
    person = served.open_record()
    study = deposited(served, person, [bright(each) for each in person.ct(COUNT, 32)])
    reader.sign_in(person.token)
    reader.show(person, study, f"?rendu={request.param}")
    assert reader.until(lambda: reader.place == f"image 1 sur {COUNT}")
    reader.longest_s = 10
    yield reader
    assert (reader.failures, reader.complaints, reader.strangers) == ([], [], set())
    page.close()


@pytest.fixture
def reader(opened: Reader) -> Reader:
    opened.begin()
    return opened


def bright(content: bytes) -> pydicom.FileDataset:
    dataset = pydicom.dcmread(BytesIO(content))
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, 0
    dataset.WindowCenter, dataset.WindowWidth = OWN_CENTER, OWN_WIDTH
    shades = numpy.tile(numpy.linspace(600, 1200, dataset.Columns), (dataset.Rows, 1))
    dataset.PixelData = shades.astype(numpy.dtype("<i2")).tobytes()
    return dataset


Change = Callable[[Seen, Seen], bool]
"""Whether what is seen now is what the command makes of what was seen before."""


def placed(image: int) -> Change:
    return lambda _, now: now.image == image


def zoomed(factor: float) -> Change:
    return lambda before, now: (
        abs(now.across - factor * before.across) <= PX
        and abs(now.down - factor * before.down) <= PX
        and (now.center, now.width) == (before.center, before.width)
    )


def moved(right: int, down: int) -> Change:
    return lambda before, now: (
        abs(now.left - before.left - right) <= PX
        and abs(now.top - before.top - down) <= PX
        and abs(now.across - before.across) <= PX
    )


def windowed(center: int, width: int) -> Change:
    return lambda _, now: abs(now.center - center) <= 1 and abs(now.width - width) <= 1


def both(one: Change, other: Change) -> Change:
    return lambda before, now: one(before, now) and other(before, now)


STEP_OF_CENTER = STEP_OF_WIDTH = OWN_WIDTH // 20
BY_KEY: dict[str, Change] = {
    **dict.fromkeys(("ArrowDown", "ArrowRight"), placed(6)),
    **dict.fromkeys(("ArrowUp", "ArrowLeft"), placed(4)),
    "PageDown": placed(12),  # ten further, and no further than the last
    "PageUp": placed(1),
    "Home": placed(1),
    "End": placed(COUNT),
    **dict.fromkeys(("+", "="), zoomed(1.25)),
    "-": zoomed(1 / 1.25),
    "0": zoomed(1.25),  # from one step out
    "Shift+ArrowLeft": moved(40, 0),  # looks to the left: the image goes to the right
    "Shift+ArrowRight": moved(-40, 0),
    "Shift+ArrowUp": moved(0, 40),
    "Shift+ArrowDown": moved(0, -40),
    "b": both(windowed(OWN_CENTER - STEP_OF_CENTER, OWN_WIDTH), lambda was, now: now.grey > was.grey + 5),
    "n": both(windowed(OWN_CENTER + STEP_OF_CENTER, OWN_WIDTH), lambda was, now: now.grey < was.grey - 5),
    "c": windowed(OWN_CENTER, OWN_WIDTH - STEP_OF_WIDTH),
    "v": windowed(OWN_CENTER, OWN_WIDTH + STEP_OF_WIDTH),
    "i": lambda before, now: abs(now.grey + before.grey - 255) < 5,
    "r": both(zoomed(1.25), windowed(OWN_CENTER, OWN_WIDTH)),
    " ": lambda before, now: now.is_playing and now.image != before.image,
    **dict.fromkeys(("?", "h"), lambda _, now: now.has_help),
}


def test_every_key_of_the_map_is_tried() -> None:
    table = KEYS.read_text("utf-8").partition("KEYS = {")[2].partition("}")[0]
    named = re.findall(r'(?:"([^"]+)"|(\w+)): "[\w-]+"', table)
    assert {quoted or bare for quoted, bare in named} == BY_KEY.keys()


@pytest.mark.parametrize("key", BY_KEY)
def test_a_key_does_what_the_map_says(reader: Reader, key: str) -> None:
    for _ in range(4):
        reader.page.keyboard.press("ArrowDown")
    reader.shows(lambda now: now.image == 5)
    before = reader.seen()
    reader.page.keyboard.press(PRESSED.get(key, key))
    reader.shows(lambda now: BY_KEY[key](before, now))
    ended(reader, key)


def ended(reader: Reader, key: str) -> None:
    """What would stay for the next test is undone, the way that a reader does."""
    if key in (" ", "i"):
        reader.page.keyboard.press(PRESSED.get(key, key))
    if key in "?h":
        reader.page.keyboard.press("Escape")
        reader.shows(lambda now: not now.has_help)


def test_a_key_with_control_stays_the_browsers(reader: Reader) -> None:
    before = reader.seen()
    reader.page.keyboard.press("Control+b")
    reader.page.keyboard.press("ArrowDown")
    reader.shows(lambda now: now.image == before.image + 1 and now.center == before.center)


def test_the_wheel_goes_through_the_images_and_with_control_it_zooms(reader: Reader) -> None:
    before = reader.seen()
    for _ in range(2):
        reader.page.mouse.wheel(0, 100)
    reader.shows(lambda now: now.image == 3)
    reader.page.mouse.wheel(0, -100)
    reader.shows(lambda now: now.image == 2)
    reader.page.keyboard.down("Control")
    reader.page.mouse.wheel(0, -100)
    reader.page.keyboard.up("Control")
    reader.shows(lambda now: now.image == 2 and zoomed(1.1)(before, now))


def test_a_drag_changes_the_window_by_width_across_and_centre_down(reader: Reader) -> None:
    reader.choose("window")
    reader.drag(100, 50)
    reader.shows(lambda now: now.width > OWN_WIDTH + 20 and now.center > OWN_CENTER + 10)
    wide = reader.seen()
    reader.drag(-100, -50)
    reader.shows(lambda now: now.width < wide.width - 20 and now.center < wide.center - 10)


@pytest.mark.parametrize(
    ("tool", "button"), [("pan", "left"), ("window", "middle")], ids=["by the tool", "by the middle button"]
)
def test_a_drag_pans_as_far_as_it_goes(reader: Reader, tool: str, button: str) -> None:
    reader.choose(tool)
    before = reader.seen()
    reader.drag(60, -30, button)
    reader.shows(lambda now: moved(60, -30)(before, now) and now.width == before.width)


@pytest.mark.parametrize(
    ("tool", "button"), [("zoom", "left"), ("window", "right")], ids=["by the tool", "by the right button"]
)
def test_a_drag_upwards_zooms(reader: Reader, tool: str, button: str) -> None:
    reader.choose(tool)
    before = reader.seen()
    reader.drag(0, -20, button)
    reader.shows(lambda now: zoomed(1.01**20)(before, now))


def test_two_fingers_zoom_about_as_much_as_they_spread(reader: Reader) -> None:
    reader.choose("scroll")
    before = reader.seen()
    reader.touch(((-100, 0), (-120, 0)), ((100, 0), (120, 0)))
    reader.shows(lambda now: now.image == 1 and zoomed(1.2)(before, now))


def test_two_fingers_together_pan(reader: Reader) -> None:
    reader.choose("scroll")
    before = reader.seen()
    reader.touch(((-50, 0), (-10, 40)), ((50, 0), (90, 40)))
    reader.shows(lambda now: now.image == 1 and moved(40, 40)(before, now))


def test_one_finger_goes_through_the_images(reader: Reader) -> None:
    reader.choose("scroll")
    reader.touch(((0, -30), (0, 30)))
    reader.shows(lambda now: now.image > 3)
    there = reader.seen().image
    reader.touch(((0, 30), (0, -30)))
    reader.shows(lambda now: now.image < there)


def test_presets_of_a_ct_are_windows_in_hounsfield_units(reader: Reader) -> None:
    for name, (center, width) in {"lung": (-600, 1500), "bone": (300, 1500), "brain": (40, 80)}.items():
        reader.page.locator("#preset").select_option(name)
        assert reader.until(lambda expected=(center, width): reader.numbers("#window") == expected)  # type: ignore[misc]
    reader.page.locator("#preset").select_option("all")
    reader.shows(lambda now: windowed(900, 601)(now, now))
    reader.page.locator("#preset").select_option("own")
    reader.shows(lambda now: windowed(OWN_CENTER, OWN_WIDTH)(now, now))


def test_the_slider_leads_to_an_image(reader: Reader) -> None:
    reader.page.locator("#position").fill("9")
    reader.shows(lambda now: now.image == 9)
