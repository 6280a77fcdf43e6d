"""Run the job that moves choices off cards of earlier versions: batch after batch, from where it is told."""

from collections.abc import Callable
from uuid import UUID

from coffre.installation.installation import Installation
from records.errors import CoffreError

Told = Callable[[int, int], None]


def move_choices(installation: Installation, after: UUID | None, dry_run: bool, told: Told) -> dict[str, int]:
    """Records looked at, cards that held authorisations, and these. What breaks it off says where to go
    on.
    """
    door = installation.guard.operator
    found = {"records": 0, "cards": 0, "authorisations": 0}
    while True:
        try:
            moved = door.move_choices(after, dry_run)
        except CoffreError as error:
            if after is None:
                raise
            raise CoffreError(f"{error.sentence} Go on with --after {after}.", code=error.code) from error
        found["records"] += moved.records
        found["cards"] += moved.cards
        found["authorisations"] += moved.authorisations
        told(found["records"], found["records"] + (0 if moved.after is None else moved.records))
        if moved.after is None:
            return found
        after = moved.after
