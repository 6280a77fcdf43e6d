"""`coffre vault`: the process that holds the keys, and what its operators do."""

import typer

from coffre.command_line.options import Data
from coffre.command_line.process import run_process
from coffre.commands.vault.accept_gap import accept_gap
from coffre.commands.vault.replay import replay
from coffre.commands.vault.rotate import rotate_record, rotate_root, rotate_secrets, rotate_shards
from coffre.commands.vault.status import status

vault_app = typer.Typer(help="The vault: keys, decisions, audit log.", no_args_is_help=True)


@vault_app.command("serve")
def vault_serve(data: Data = None) -> None:
    """Run the vault behind its doors at COFFRE_VAULT_URL, until SIGTERM."""
    run_process("run_vault", data)


vault_app.command("status")(status)
vault_app.command("rotate-root")(rotate_root)
vault_app.command("rotate-shards")(rotate_shards)
vault_app.command("rotate-secrets")(rotate_secrets)
vault_app.command("rotate-record")(rotate_record)
vault_app.command("replay")(replay)
vault_app.command("accept-gap")(accept_gap)
