"""`coffre demo`: the main job of Coffre from an empty directory to a verified log, in about half a minute."""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from coffre.command_line.refusals import refusals
from coffre.demo_authority import identity_files
from coffre.demonstration.cast import (
    Actors,
    Cast,
    issue_credentials,
    name_everybody,
    open_record_with_consent,
)
from coffre.demonstration.clicks import guide
from coffre.demonstration.data import PATIENT_INS
from coffre.demonstration.entering import patients_account
from coffre.demonstration.server import DemoServer
from coffre.demonstration.step import Step, Story
from coffre.demonstration.story import DEPOSITS, FULL_DEPOSIT, PLAINTEXT_SEARCH, STORY
from coffre.installation.install import initialise
from coffre.installation.places import Places
from coffre.notifying.carriers import RINGS
from coffre.processes import logs
from coffre.serving.serve import run
from coffre.settings import load
from coffre.wiring import System
from viewer_api.viewer.built_files import BuiltViewer


class Stage:
    """Prints each step with its outcome and keeps its time."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._times: list[tuple[str, float]] = []

    def play(self, title: str, work: Callable[[], str]) -> None:
        number = len(self._times) + 1
        started = time.monotonic()
        with self._console.status(title):
            outcome = work()
        elapsed = time.monotonic() - started
        self._times.append((title, elapsed))
        self._console.print(f"[bold]{number:2}. {escape(title)}[/bold] [dim]{elapsed:.2f} s[/dim]")
        for line in outcome.splitlines():
            self._console.print(f"    {escape(line)}", soft_wrap=True)

    def summary(self) -> None:
        table = Table("", "step", "seconds", title="The story in times", title_justify="left")
        for number, (title, elapsed) in enumerate(self._times, 1):
            table.add_row(str(number), title, f"{elapsed:.2f}")
        table.add_section()
        table.add_row("", "all", f"{sum(elapsed for _, elapsed in self._times):.2f}")
        self._console.print()
        self._console.print(table)


def demo_command(
    full: Annotated[
        bool, typer.Option("--full", help="Add real 512 × 512 CTs (needs the package pydicom-data).")
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Prepare the demo data, then serve it with links.")
    ] = False,
    data: Annotated[
        Path | None, typer.Option(help=r"Data directory.  \[default: a new one; .data with --serve]")
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1 of --serve.")] = 8080,
) -> None:
    """Play the whole story on real files, or serve its data to try the pages."""
    logs.configure("text")
    console = Console(highlight=False)
    with refusals():
        if serve:
            _serve(console, data or Path(".data"), port)
        else:
            _play(console, data, full)


def _play(console: Console, data: Path | None, full: bool) -> None:
    folder = data or Path(tempfile.mkdtemp(prefix="coffre-demo-")) / "data"
    stage = Stage(console)
    console.print(
        "[bold]Coffre[/bold]: the hosting layer of a shared medical record. Every person is invented.\n"
    )
    stage.play("A data directory with its databases and keys is made", lambda: _initialise(folder))
    with DemoServer(folder) as server:
        play_story(stage, folder, server.url, server.telephone, full=full)
    stage.summary()
    console.print(_afterwards(folder), soft_wrap=True)


def play_story(
    stage: Stage,
    data: Path,
    url: str,
    telephone: Callable[[], str],
    *,
    full: bool = False,
    searched: Path | None = None,
) -> None:
    """Every step on a running installation; `telephone` waits for the patient's to ring, `searched` is where
    nothing may stand in clear.
    """
    with tempfile.TemporaryDirectory(prefix="coffre-desk-") as desk:
        cast = _begin(stage, data)
        story = Story(Actors(url, cast), data, searched or data, Path(desk), full, telephone)
        _steps(stage, story, (*DEPOSITS, *((FULL_DEPOSIT,) if full else ()), *STORY))
        stage.play("The log of all this is verified", lambda: _verify(data))
        _steps(stage, story, (PLAINTEXT_SEARCH,))


def _steps(stage: Stage, story: Story, steps: Sequence[Step]) -> None:
    for title, step in steps:
        stage.play(title, lambda step=step: step(story))  # type: ignore[misc]


def _initialise(folder: Path) -> str:
    initialise(load(data=folder))
    return f"{folder}: index, vault with 16 shard keys, demo authority"


def _begin(stage: Stage, folder: Path) -> Cast:
    found: dict[str, str] = {}

    def opened() -> str:
        found["record"] = open_record_with_consent(folder)
        return f"public id {found['record']}; no identity ever stands in an address of ours"

    stage.play("The directory of professionals is imported", lambda: name_everybody(folder))
    stage.play("A record is opened with the patient's consent", opened)
    cast: list[Cast] = []

    def issued() -> str:
        cast.append(issue_credentials(folder, found["record"]))
        return ", ".join(cast[0].tokens)

    stage.play("Everybody receives a credential of the demo authority", issued)
    return cast[0]


def _verify(folder: Path) -> str:
    with System(load(data=folder)) as system:
        system.guard.housekeeper.sequence()
        system.guard.housekeeper.checkpoint()
        report = system.guard.inspector.verify_log()
    return (
        f"{report.size + report.pending} entries, those of the record and of the installation itself: "
        f"{report.size} have their position, {report.pending} await it; "
        f"{report.checkpoints} signed checkpoints, {report.chains} chains: no divergence"
    )


WITHOUT_VIEWER = (
    """La visionneuse n'est pas construite : `make viewer`. The viewer page is not built: `make viewer`."""
)


def _afterwards(folder: Path) -> str:
    return f"""
Go on by hand, in two terminals:
  .venv/bin/coffre serve --data {folder} --port 8080
  .venv/bin/coffre identity issue patient --ins {PATIENT_INS} --data {folder} --link http://127.0.0.1:8080
  .venv/bin/coffre audit verify --data {folder}
  .venv/bin/coffre send --help    .venv/bin/coffre fetch --help
or `make serve`: the same data behind pages, with sign-in links, and where to click.
The data stays in {folder}; remove it when you are done."""


def _serve(console: Console, folder: Path, port: int) -> None:
    if not Places(load(data=folder)).complete.exists():
        _prepare(console, folder)
    settings = load(data=folder)
    with System(settings) as system:
        banner = _links(folder, system, f"http://127.0.0.1:{port}")
    run(settings, port, banner=banner)


def _prepare(console: Console, folder: Path) -> None:
    """The first half of the story: the record with its documents, nobody authorised yet."""
    stage = Stage(console)
    stage.play("A data directory with its databases and keys is made", lambda: _initialise(folder))
    with tempfile.TemporaryDirectory(prefix="coffre-desk-") as desk, DemoServer(folder) as server:
        cast = _begin(stage, folder)
        _steps(stage, _story(server, cast, folder, Path(desk)), DEPOSITS)


def _story(server: DemoServer, cast: Cast, folder: Path, desk: Path) -> Story:
    return Story(Actors(server.url, cast), folder, folder, desk, False, server.telephone)


def _links(folder: Path, system: System, origin: str) -> str:
    cast = issue_credentials(folder, "")
    account = patients_account(folder)
    names = {
        "doctor": "médecin / doctor  ",
        "emergency": "urgences          ",
    }
    links = [
        f"  {label}  {identity_files.sign_in_link(system, cast.tokens[name], origin)}"
        for name, label in names.items()
    ]
    return "\n".join(
        [
            f"La patiente se connecte ici / the patient signs in here:  {origin}/sign-in",
            f"  identifiant / identifier      {account.identifier}",
            f"  mot de passe / password       {account.password}",
            f"  code                          {RINGS} dans ce terminal / in this terminal",
            "Les autres entrent par un lien (12 heures). The others by a link (12 hours):",
            *links,
            "",
            guide("fr"),
            "docs/guide-patient.md : les pages en images.",
            "",
            guide("en"),
            *([WITHOUT_VIEWER] if BuiltViewer.find() is None else []),
            "",
            f"Proofs: .venv/bin/coffre audit proof coffre-preuves.tlog-proof --data {folder}",
            f"INS: {PATIENT_INS}. Ctrl-C: fin / end.",
        ]
    )
