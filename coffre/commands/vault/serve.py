"""`coffre vault serve`: the vault in a process of its own."""

from coffre.command_line.options import Data
from coffre.command_line.process import run_process


def serve(data: Data = None) -> None:
    """Run the vault behind its doors at COFFRE_VAULT_URL, until SIGTERM."""
    run_process("run_vault", data)
