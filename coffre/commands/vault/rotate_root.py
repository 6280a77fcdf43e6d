"""`coffre vault rotate-root`: two operators move the vault's keys under another root."""

from typing import Annotated

import typer

from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data, DryRun, Yes
from coffre.command_line.output import bar, confirm, show
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
