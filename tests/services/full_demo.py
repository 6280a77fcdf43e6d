"""`make demo ENGINE=full`: the demo's story, the same steps, on real engines and separate processes."""

import sys
import tempfile
from pathlib import Path

from rich.console import Console

from coffre.commands.demo import Stage, play_story
from tests.services import full


def main() -> int:
    console = Console(highlight=False)
    stage = Stage(console)
    folder = Path(tempfile.mkdtemp(prefix="coffre-full-"))
    console.print("[bold]Coffre[/bold] on real engines; everything is written under", str(folder))
    with full.running(folder, lambda line: console.print(f"  [dim]{line}[/dim]")) as installation:
        play_story(
            stage,
            installation.data,
            installation.url,
            installation.telephone,
            installation.machines,
            installation.authority,
            searched=folder,
            stands="nginx asks for the certificate and hands it over to the sign-in, a process of its own",
        )
    stage.summary()
    console.print("The data stays in", f"{folder};", "remove it when you are done.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
