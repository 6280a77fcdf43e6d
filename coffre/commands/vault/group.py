"""`coffre vault`: the process that holds the keys, and what its operators do."""

import typer

from coffre.commands.vault.accept_gap import accept_gap
from coffre.commands.vault.replay import replay
from coffre.commands.vault.rotate_record import rotate_record
from coffre.commands.vault.rotate_root import rotate_root
from coffre.commands.vault.rotate_secrets import rotate_secrets
from coffre.commands.vault.rotate_shards import rotate_shards
from coffre.commands.vault.serve import serve
from coffre.commands.vault.status import status

vault_app = typer.Typer(help="The vault: keys, decisions, audit log.", no_args_is_help=True)
vault_app.command("serve")(serve)
vault_app.command("status")(status)
vault_app.command("rotate-root")(rotate_root)
vault_app.command("rotate-shards")(rotate_shards)
vault_app.command("rotate-secrets")(rotate_secrets)
vault_app.command("rotate-record")(rotate_record)
vault_app.command("replay")(replay)
vault_app.command("accept-gap")(accept_gap)
