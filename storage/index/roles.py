"""Who may do what in the index: intake adds what it received, a worker publishes, the reader reads, the
housekeeper erases and tidies. Columns are granted one by one where a row changes hands.
"""

from collections.abc import Mapping, Sequence

from storage import roles
from storage.transactions import Database

INTAKE, WORKER, READER, HOUSEKEEPER = "coffre_intake", "coffre_worker", "coffre_reader", "coffre_housekeeper"

GRANTS: Mapping[str, Sequence[str]] = {
    INTAKE: (
        "SELECT, INSERT, DELETE ON upload",
        "SELECT, INSERT ON submission, blob",
        "SELECT ON part, reception_key",
    ),
    WORKER: (
        "SELECT, INSERT, DELETE ON upload",
        "SELECT ON submission, blob, part, document, details, instance, token",
        "UPDATE (state, worker, lease_until, not_before, attempts, plan, answer, sealed_envelope,"
        " finished_at, settled_at) ON submission",
        "INSERT, DELETE, UPDATE (state, sealed_key) ON blob",
        "INSERT ON part, document, details, instance, token",
        "UPDATE (updated_at) ON document",
        "SELECT, INSERT, DELETE, UPDATE (document_id) ON part_claim",
    ),
    READER: (
        "SELECT (state) ON submission",  # what a health check counts
        "SELECT ON document, details, instance, token",
        "SELECT, INSERT, UPDATE, DELETE ON sign_in",
    ),
    HOUSEKEEPER: (
        "SELECT, DELETE, UPDATE (condemned) ON upload",
        "SELECT ON submission, blob",
        "UPDATE (sealed_envelope, plan, answer, settled_at) ON submission",
        "DELETE, UPDATE (state, sealed_key) ON blob",
        "SELECT (document_id), UPDATE (state, updated_at) ON document",
        "SELECT, INSERT, UPDATE ON reception_key, lease",
        "SELECT, DELETE ON sign_in",
    ),
}

_ALL = f"{INTAKE}, {WORKER}, {READER}, {HOUSEKEEPER}"
_NEW = (
    "state = 'received' AND worker IS NULL AND attempts = 0 AND plan IS NULL AND answer IS NULL"
    " AND finished_at IS NULL AND settled_at IS NULL"
)
_ROWS = (
    *roles.policies(
        "submission",
        {
            "seen": ("SELECT", f"TO {_ALL} USING (true)"),
            "received": ("INSERT", f"TO {INTAKE} WITH CHECK ({_NEW})"),
            "worked_on": ("UPDATE", f"TO {WORKER} USING (true)"),
            "tidied": ("UPDATE", f"TO {HOUSEKEEPER} USING (true) WITH CHECK (finished_at IS NOT NULL)"),
        },
    ),
    *roles.policies(
        "blob",
        {
            "seen": ("SELECT", f"TO {_ALL} USING (true)"),
            "received": ("INSERT", f"TO {INTAKE} WITH CHECK (state = 'waiting' AND role = 'received')"),
            "made": ("INSERT", f"TO {WORKER} WITH CHECK (state = 'waiting' AND role <> 'received')"),
            "judged": ("UPDATE", f"TO {WORKER} USING (true)"),
            "erased": ("UPDATE", f"TO {HOUSEKEEPER} USING (true) WITH CHECK (sealed_key IS NULL)"),
            "forgotten": ("DELETE", f"TO {WORKER}, {HOUSEKEEPER} USING (state = 'abandoned')"),
        },
    ),
)


def apply_roles(database: Database, passwords: Mapping[str, str]) -> None:
    """Gives the index's roles exactly these rights (see `storage.roles.apply`)."""
    roles.apply(database, passwords, GRANTS, _ROWS)
