"""The documentation keeps up with the code: printed pages are fresh, every route is described, links lead."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from coffre.installation.install import initialise
from coffre.serving.app import build
from coffre.settings import load
from coffre.wiring import System
from keyvault.process.guard import HousekeeperDoor, OperatorDoor, ReaderDoor, WorkerDoor
from keyvault.verbs.operator.inspecting import InspectingVerbs
from keyvault.verbs.public import PublishingVerbs
from records.rules.document import DOCUMENT_RULES
from records.rules.record import RECORD_RULES
from storage.vault_store.tables import DAY_KEYS, VAULT

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "terraform").rglob("*.md")], key=str
)


def test_printed_pages_are_those_the_code_prints() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_what_is_done_has_a_marked_test_and_what_has_none_is_open() -> None:
    rows = re.findall(
        r"^\| (R\d+) \| .* \| (done|part|open) \| (.*) \| (.*) \|$", text_of("requirements"), re.MULTILINE
    )
    assert [number for number, *_ in rows] == [f"R{n}" for n in range(1, 61)]
    assert not [
        number for number, state, missing, tests in rows if state == "done" and (missing or not tests)
    ]
    assert not [number for number, state, missing, tests in rows if (state == "open") != (not tests)]
    assert all(missing for _, state, missing, _ in rows if state != "done")


def text_of(page: str) -> str:
    return (ROOT / f"docs/{page}.md").read_text("utf-8")


def test_every_route_is_described(tmp_path: Path) -> None:
    settings = load(data=tmp_path / "data")
    initialise(settings)
    with System(settings) as system:
        routes = build(system, "http://127.0.0.1:8080").openapi()["paths"]
    text = (ROOT / "docs/api.md").read_text("utf-8")
    described = set(re.findall(r"^#+ `([A-Z]+ [^`]+)`", text, re.MULTILINE))
    named = {f"{method.upper()} {path}" for path, methods in routes.items() for method in methods}
    assert named == described


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    named = {re.split(r"[\[><=~!;]", entry)[0] for group in groups for entry in group}
    page = (ROOT / "docs/dependencies.md").read_text("utf-8")
    rows = {
        name for row in re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE) for name in re.split(r"[ ,]+", row)
    }
    assert not named - rows


def test_every_table_and_every_verb_of_the_vault_is_described() -> None:
    page = (ROOT / "docs/vault.md").read_text("utf-8")
    doors = (
        ReaderDoor,
        WorkerDoor,
        HousekeeperDoor,
        OperatorDoor,
        InspectingVerbs,
        PublishingVerbs,
    )
    verbs = {name for door in doors for name in dir(door) if not name.startswith("_")}
    tables = {*VAULT.tables, *DAY_KEYS.tables}
    assert not {name for name in verbs | tables if f"`{name}`" not in page}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    lost = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert not lost


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_files_exist(page: Path) -> None:
    """`room/module.py` in backticks is a promise to whoever looks for it."""
    rooms = "audit|client|coffre|content|docs|ingestion|keyvault|records|sign_in|storage|tests|viewer_api"
    named = re.findall(rf"`((?:{rooms})/[\w/.-]+\.(?:py|md|json|tsv))`", page.read_text("utf-8"))
    assert not [name for name in named if not (ROOT / name).exists()]


def test_each_rule_of_a_decision_names_where_it_is_from_and_its_reasons() -> None:
    """A requirement, an article of the Code de la santé publique, or a rule of the DMP guide."""
    page = (ROOT / "docs/rules.md").read_text("utf-8")
    rows = re.findall(r"^\| \d+ \| (\w+) \| ([^|]+) \| ([^|]+) \| ([^|]*) \| ([^|]*) \|$", page, re.MULTILINE)
    assert len(rows) == 2 + len(RECORD_RULES) + len(DOCUMENT_RULES)
    assert not [name for _, name, _, source, reasons in rows if not (source.strip() and reasons.strip())]
