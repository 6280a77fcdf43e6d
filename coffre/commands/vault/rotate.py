"""`coffre vault rotate-root`, `-shards`, `-secrets` and `-record`: two operators change keys together."""

from typing import Annotated

import typer

from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data, DryRun, Yes, settings_of
from coffre.command_line.output import bar, confirm, show
from coffre.command_line.refusals import refusals
from coffre.command_line.two_operators import First, Second, both


def rotate_root(
    to: Annotated[str, typer.Option("--to", help="Address of the new root, as in COFFRE_VAULT_ROOT.")],
    operator: First = None,
    second_operator: Second = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Move the vault's keys under another root. Run it where the vault runs, as its user.

    The new root is made if it isn't there; its secrets come from COFFRE_VAULT_NEW_PASSPHRASE, _NEW_PIN,
    _NEW_TOKEN, _NEW_SHARES (or the same with _FILE), else from those of the present root. Servers may go on
    meanwhile; they make no new day key until they are started with the new root.
    """
    with opened_installation(data, vault_here=True) as installation:
        from coffre.safekeeping.rotating import RootRotation

        rotation = RootRotation(installation, to)
        plan = rotation.plan()
        told = {"from": plan.former, "to": plan.present, "keys": plan.keys, "unfinished": plan.unfinished}
        what = f"{plan.keys} keys from {plan.former} to {plan.present}"
        if dry_run:
            made = "" if plan.exists else " The new root would be made."
            show({**told, "exists": plan.exists, "moved": 0}, as_json, f"Would move {what}.{made}")
            return
        calls = both(operator, second_operator)
        confirm(yes, f"Move {what}?")
        with bar("keys") as progress:
            done, shares = rotation.run(calls, progress)
    told |= {"moved": done.moved, "moved_before": done.before, "shares": [str(share) for share in shares]}
    handed = (
        f"Hand each share of the new root to its holder: {', '.join(map(str, shares))}.\n" if shares else ""
    )
    show(
        told,
        as_json,
        f"{done.moved} keys moved, {done.before} had moved before.\n{handed}Now set COFFRE_VAULT_ROOT={to} "
        "and its secrets in place of the former root's, and start every vault again. Keep the former root "
        "until the last backup of the vault that was made under it is gone: that opens with it alone.",
    )


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


def rotate_secrets(
    operator: First = None,
    second_operator: Second = None,
    yes: Yes = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Give accountability lines and the system's chains new keys. What the former sealed stays readable.

    A vault made by version 0.1 derives its keys apart from the first rotation on.
    """
    from coffre.safekeeping import rotating

    with refusals():
        calls = both(operator, second_operator)
        confirm(yes, "Draw new keys for accountability and the system's chains?")
        found = rotating.rotate_secrets(settings_of(data), calls)
    text = ", ".join(f"{name} has version {version}" for name, version in found.versions.items())
    show({"versions": found.versions}, as_json, f"{text}.")


def rotate_record(
    record: Annotated[str, typer.Argument(metavar="RECORD", help="INS or public id of the record.")],
    operator: First = None,
    second_operator: Second = None,
    yes: Yes = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Give one record a new key; everything under it is wrapped anew, no object is touched."""
    from coffre.safekeeping import rotating

    with refusals():
        calls = both(operator, second_operator)
        confirm(yes, "Give this record a new key?")
        found = rotating.rotate_record(settings_of(data), calls, record)
    told = {"record": str(found.public_id), "key_version": found.version}
    show(told, as_json, f"The record {found.public_id} has version {found.version} of its key.")
