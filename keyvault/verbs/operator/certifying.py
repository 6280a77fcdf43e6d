"""Sign a backup with a key under the root, so that a restore knows this installation's bytes."""

from collections.abc import Mapping
from uuid import UUID

from audit.checkpoint import sign_note
from keyvault.context import Vault
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.operator.permission import alone

LABEL = "coffre-backup-v1"


def backup_text(origin: str, backup: UUID, part: str, digest: bytes) -> str:
    """The signed text of one archive; `digest` is its manifest's SHA-256, which names every file in it."""
    return f"{LABEL}\n{origin}\n{backup}\n{part}\n{digest.hex()}\n"


class CertifyingVerbs:
    """For the command line that backs up."""

    _vault: Vault

    def certify_backup(
        self, call: Call, backup: UUID, digests: Mapping[str, bytes]
    ) -> dict[str, str] | Denied:
        """Signed notes (C2SP) over the manifests of a backup's archives, by part."""
        vault = self._vault
        with alone(vault, call, {"backup": str(backup)}) as (_, denied):
            if denied is not None:
                return denied
        key, origin = vault.keyring.signing("certificate"), vault.settings.origin
        return {
            part: sign_note(backup_text(origin, backup, part, digest), origin, key.sign, key.public)
            for part, digest in digests.items()
        }
