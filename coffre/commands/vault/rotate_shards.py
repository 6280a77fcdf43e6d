"""`coffre vault rotate-shards`: two operators give every shard a new key."""

from coffre.command_line.options import AsJson, Data, DryRun, Yes, settings_of
from coffre.command_line.output import bar, confirm, show
from coffre.command_line.refusals import refusals
from coffre.command_line.two_operators import First, Second, both


def rotate_shards(
    operator: First = None,
    second_operator: Second = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Give every shard a new key, move the records' keys to it, destroy the old ones. Servers go on."""
    from coffre.installation.installation import Installation
    from coffre.safekeeping import rotating

    with refusals():
        settings = settings_of(data)
        if dry_run:
            with Installation(settings) as installation:
                found = installation.guard.inspector.status()
            left = found["shards_retiring"]
            text = f"Would finish {left} shards" if left else f"Would rotate {found['shards']} shards"
            show({"shards": found["shards"], "shards_retiring": left, "records": 0}, as_json, f"{text}.")
            return
        calls = both(operator, second_operator)
        confirm(yes, "Give every shard a new key and destroy the old ones?")
        with bar("shards") as progress:
            begun, records = rotating.rotate_shards(settings, calls, progress)
    told = {"shards": begun.shards, "begun": begun.begun, "records": records}
    what = (
        f"{begun.begun} shards have a new key" if begun.begun else "A rotation that was cut off is finished"
    )
    text = f"{what}, {records} records moved."
    show(
        told, as_json, f"{text}\nBackups of the vault from before still open with the root: let them expire."
    )
