"""`coffre demo`: the main job of Coffre from an empty directory to a verified log, in about half a minute."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from coffre.command_line.refusals import refusals
from coffre.demonstration.clicks import guide
from coffre.demonstration.doors import card_reader
from coffre.demonstration.doors.arriving import CARD
from coffre.demonstration.doors.health_authority import HealthAuthority
from coffre.demonstration.doors.machines import (
    NAME,
    AtTheSocket,
    Machines,
    environment_of,
    settings_at_the_socket,
    socket_in,
)
from coffre.demonstration.files.data import PATIENT_INS
from coffre.demonstration.people.cast import (
    Actors,
    credentials_of_software,
    name_everybody,
    open_record_with_consent,
)
from coffre.demonstration.server import DemoServer
from coffre.demonstration.step import Step, Story
from coffre.demonstration.steps.entering import patients_account
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


STANDS = (
    "there is no proxy here: the story stands at the socket where a site's nginx hands certificates over "
    "(make demo ENGINE=full has it)"
)


def _play(console: Console, data: Path | None, full: bool) -> None:
    folder = data or Path(tempfile.mkdtemp(prefix="coffre-demo-")) / "data"
    stage = Stage(console)
    console.print(
        "[bold]Coffre[/bold]: the hosting layer of a shared medical record. Every person is invented.\n"
    )
    stage.play("A data directory with its databases and keys is made", lambda: _initialise(folder))
    with _served(folder) as (server, machines, authority):
        play_story(stage, folder, server.url, server.telephone, machines, authority, full=full, stands=STANDS)
    stage.summary()
    console.print(_afterwards(folder), soft_wrap=True)


@contextmanager
def _served(folder: Path) -> Iterator[tuple[DemoServer, Machines, HealthAuthority]]:
    """A server that believes the certificates of an authority of its own."""
    with tempfile.TemporaryDirectory(prefix="coffre-cards-") as made:
        authority, place = HealthAuthority(), Path(made)
        settings = settings_at_the_socket(authority, place, f"https://{NAME}")
        with DemoServer(folder, settings=environment_of(settings)) as server:
            yield server, AtTheSocket(server.url, socket_in(place)), authority


def play_story(
    stage: Stage,
    data: Path,
    url: str,
    telephone: Callable[[], str],
    machines: Machines,
    authority: HealthAuthority,
    *,
    full: bool = False,
    searched: Path | None = None,
    stands: str = "",
) -> None:
    """Every step on a running installation, which believes the certificates of `authority`. `telephone` waits
    for the patient's to ring, `searched` is where nothing may stand in clear, `stands` says where
    certificates are shown.
    """
    with tempfile.TemporaryDirectory(prefix="coffre-desk-") as desk:
        actors = _begin(stage, data, url, machines, authority)
        story = Story(actors, data, searched or data, Path(desk), full, telephone, stands)
        _steps(stage, story, (*DEPOSITS, *((FULL_DEPOSIT,) if full else ()), *STORY))
        stage.play("The log of all this is verified", lambda: _verify(data))
        _steps(stage, story, (PLAINTEXT_SEARCH,))


def _steps(stage: Stage, story: Story, steps: Sequence[Step]) -> None:
    for title, step in steps:
        stage.play(title, lambda step=step: step(story))  # type: ignore[misc]


def _initialise(folder: Path) -> str:
    initialise(load(data=folder))
    return f"{folder}: index, vault with 16 shard keys, demo authority"


def _begin(stage: Stage, folder: Path, url: str, machines: Machines, authority: HealthAuthority) -> Actors:
    found: list[str] = []

    def opened() -> str:
        found.append(open_record_with_consent(folder))
        return f"public id {found[0]}; no identity ever stands in an address of ours"

    stage.play("The directory of professionals is imported", lambda: name_everybody(folder))
    stage.play("A record is opened with the patient's consent", opened)
    return Actors(url, machines, authority, UUID(found[0]), credentials_of_software(folder))


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
or `make serve`: such data behind pages, by whose doors to come in, and where to click.
The data stays in {folder}; remove it when you are done."""


HERE = "localhost"
"""By which browsers find the pages of `--serve`: they give passkeys to names alone."""


def _serve(console: Console, folder: Path, port: int) -> None:
    if not Places(load(data=folder)).complete.exists():
        _prepare(console, folder)
    origin = load(data=folder).public_url or f"http://{HERE}:{port}"
    with card_reader.running(HERE) as reader:
        settings = load(data=folder).model_copy(update={"public_url": origin, **reader.settings})
        run(settings, port, banner=_doors(folder, origin))


def _prepare(console: Console, folder: Path) -> None:
    """The first half of the story: the record with its documents, nobody authorised yet."""
    stage = Stage(console)
    stage.play("A data directory with its databases and keys is made", lambda: _initialise(folder))
    with (
        tempfile.TemporaryDirectory(prefix="coffre-desk-") as desk,
        _served(folder) as (server, machines, authority),
    ):
        actors = _begin(stage, folder, server.url, machines, authority)
        _steps(stage, Story(actors, folder, folder, Path(desk), False, server.telephone, STANDS), DEPOSITS)


def _doors(folder: Path, origin: str) -> str:
    """By which everybody comes in, and where to click then."""
    account = patients_account(folder)
    return "\n".join(
        [
            f"Tout le monde se connecte ici / everybody signs in here:  {origin}/sign-in",
            "La patiente / the patient:",
            f"  identifiant / identifier      {account.identifier}",
            f"  mot de passe / password       {account.password}",
            f"  code                          {RINGS} dans ce terminal / in this terminal",
            f"Les médecins / the doctors:     [{CARD}], puis / then",
            f"  médecin / doctor              {card_reader.label('doctor')}",
            f"  urgences / emergency doctor   {card_reader.label('emergency')}",
            "Les opérateurs / operators: une clé de sécurité chacun / a hardware key each",
            f"  préparer / prepare            {origin}/sign-in/operateur",
            f"  puis / then                   COFFRE_PUBLIC_URL={origin} .venv/bin/coffre operator enrol …"
            "  (docs/operations.md#issuers)",
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
