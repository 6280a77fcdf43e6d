"""The state of a vault for `coffre status`: bounded counts and its log's state, from rows alone."""

from typing import Any

from keyvault.keys.states import LIVE, RETIRING, RUNNING, root_rotation
from keyvault.restore.frozen import read_frozen
from keyvault.restore.shipped import shipped_size
from keyvault.store import VaultRows

_MOST = 1_000


def vault_status(tx: VaultRows, root: str, *, has_second_place: bool) -> dict[str, Any]:
    """`root`: the name of its root, of which the kind is shown. Counts end at 1 000."""
    last = tx.find("checkpoint", order="-size", limit=1)
    newest = tx.find("leaf", order="-position", limit=1)
    rotations, state = root_rotation(tx).split()
    return {
        "root": root.partition(":")[0],
        "root_rotations": int(rotations),
        "root_rotation_running": state == RUNNING,
        "shards": len(tx.find("shard", state=LIVE)),
        "shards_retiring": len(tx.find("shard", state=RETIRING)),
        "log_size": newest[0]["position"] + 1 if newest else 0,
        "log_pending": len(tx.find("pending", limit=_MOST)),
        "log_signed": last[0]["size"] if last else 0,
        "log_shipped": shipped_size(tx) if has_second_place else None,
        "frozen": read_frozen(tx) is not None,
        "notices_queued": len(tx.find("notice", state="queued", limit=_MOST)),
    }
