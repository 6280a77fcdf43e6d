"""`coffre vault status`: root, shards, rotations and the log."""

from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data
from coffre.command_line.output import listed, show

SHOWN = (
    "frozen",
    "root",
    "root_rotations",
    "root_rotation_running",
    "shards",
    "shards_retiring",
    "log_size",
    "log_signed",
    "log_shipped",
    "log_pending",
)


def status(data: Data = None, as_json: AsJson = False) -> None:
    """How the vault is: root, shards, rotations that were cut off, the log."""
    with opened_installation(data) as installation:
        found = {
            name: value for name, value in installation.guard.inspector.status().items() if name in SHOWN
        }
    show(found, as_json, listed(found))
