"""The diagrams are drawn from their sources, say what they show, and leave out nothing of the code."""

import re
import tomllib
from itertools import pairwise, product
from pathlib import Path
from xml.etree import ElementTree

import pytest

from coffre.deploying.processes import HOSTS, PROCESSES
from docs.draw import digest_of, draw, drawing_of, is_stale, sources, told
from keyvault.crypto.envelope import Branch, KeyUse
from keyvault.keys.root_secrets import INDEX, ROTATED, SIGNING_USES
from tests.architecture.named_commands import unknown_options
from tests.services.processes import debian

ROOT = Path(__file__).resolve().parents[2]
SVG = "{http://www.w3.org/2000/svg}"
SOURCES = {source.stem: source for source in sources()}
PAGES = {page.name: page.read_text("utf-8") for page in (ROOT / "docs").glob("*.md")}
each_diagram = pytest.mark.parametrize("name", SOURCES)


def nodes(name: str) -> set[str]:
    return set(re.findall(r"^ *(\w+) +\[(?!.*rank)[^\]]*label=", SOURCES[name].read_text("utf-8"), re.M))


def edges(name: str) -> set[tuple[str, str]]:
    """Of `a -> {b c} -> d`, each pair that is joined."""
    found = set[tuple[str, str]]()
    for line in re.findall(
        r"^ *(?:\w+|\{[\w ]+\})(?: -> (?:\w+|\{[\w ]+\}))+", SOURCES[name].read_text(), re.M
    ):
        for ends in pairwise(line.split(" -> ")):
            found |= set(product(*(end.strip("{ }").split() for end in ends)))
    return found


def into(name: str, end: str) -> set[str]:
    return {one for one, other in edges(name) if other == end}


def parsed(drawing: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawing)  # noqa: S314 - our own


def words(drawing: str) -> list[str]:
    return sorted(text.text or "" for text in parsed(drawing).iter(f"{SVG}text"))


def drawn(name: str) -> str:
    return drawing_of(SOURCES[name]).read_text("utf-8")


@each_diagram
def test_a_drawing_is_of_its_source(name: str) -> None:
    assert not is_stale(SOURCES[name]), "run make docs"


def test_a_source_that_changed_makes_its_drawing_stale(tmp_path: Path) -> None:
    source = tmp_path / "keys.dot"
    source.write_bytes(SOURCES["keys"].read_bytes())
    drawing_of(source).write_bytes(drawing_of(SOURCES["keys"]).read_bytes())
    assert not is_stale(source)
    before = digest_of(source)
    source.write_text(source.read_text() + "// more\n")
    assert is_stale(source)
    assert digest_of(source) != before


def test_each_drawing_has_a_source() -> None:
    assert {drawing.stem for drawing in (ROOT / "docs/diagrams").glob("*.svg")} == SOURCES.keys()


@each_diagram
def test_it_says_what_it_shows_and_a_page_says_it_too(name: str) -> None:
    title, description = told(SOURCES[name])
    svg = parsed(drawn(name))
    assert (svg.get("role"), svg.get("aria-labelledby")) == ("img", "title description")
    assert [svg.findtext(f"{SVG}{part}") for part in ("title", "desc")] == [title, description]
    beside = f"![{title}](diagrams/{name}.svg)\n\n{description}\n"
    assert any(beside in page for page in PAGES.values())


@each_diagram
def test_it_asks_for_nothing_and_runs_nothing(name: str) -> None:
    assert not re.search(r"href=|url\(|@import|<script|<image|<foreignObject|\bon\w+=", drawn(name))


@each_diagram
def test_it_is_read_at_the_width_of_a_page(name: str) -> None:
    """Pages are some 830 pixels wide, 4/3 to a point: text of 12 points keeps 13 pixels."""
    svg = parsed(drawn(name))
    assert float(str(svg.get("width")).removesuffix("pt")) <= 760


def test_borders_are_those_of_the_table_of_processes() -> None:
    assert nodes("borders") >= PROCESSES.keys()
    assert into("borders", "vault") == {name for name, each in PROCESSES.items() if each.doors}
    assert into("borders", "objects") == {name for name, each in PROCESSES.items() if each.objects}
    assert {name for name in PROCESSES if ("proxy", name) in edges("borders")} == {
        name for name, each in PROCESSES.items() if each.port
    }


def test_each_machine_has_its_processes() -> None:
    source = SOURCES["borders"].read_text("utf-8")
    machines = dict(re.findall(r'label="machine (\w+)"(.*?)\n  \}', source, re.DOTALL))
    held = {host: set(re.findall(r"^ *(\w+) \[", text, re.M)) - {"node"} for host, text in machines.items()}
    assert held == {host: set(processes) for host, processes in HOSTS.items()}


def test_every_kind_of_key_is_in_the_tree() -> None:
    kinds = {each.name.lower() for each in KeyUse}
    assert {other for one, other in edges("keys") if one == "record"} == kinds
    shown = " ".join(words(drawn("keys")))
    branches = {each.name.lower() for each in Branch}
    named = {*branches, *SIGNING_USES, *ROTATED, INDEX}
    assert not {name for name in named if not re.search(rf"(?<![\w-]){name}(?![\w-])", shown)}


def test_rooms_are_those_of_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert nodes("rooms") == set(contracts["root_packages"])
    layers = [set(layer.split(" | ")) for layer in contracts["contracts"][0]["layers"]]
    downwards = set().union(*(product(*pair) for pair in pairwise(layers)))
    assert edges("rooms") == downwards


def test_commands_of_the_restore_are_there() -> None:
    shown = drawn("restore")
    lines = {each for each in words(shown) if each.startswith("coffre ")}
    assert len(lines) >= 4
    assert not {line for line in lines if unknown_options(line)}


@pytest.mark.long
@each_diagram
def test_drawn_anew_it_says_the_same(name: str) -> None:
    """Graphviz itself, whatever its version."""
    debian("dot", "graphviz")
    assert words(draw(SOURCES[name])) == words(drawn(name))
