"""Rights of each process in the index: intake adds received rows and reads who is signed in, a worker
publishes, the reader reads, and copies the state that the vault gave a document, the gateway also keeps who
is signed in, sign-in lets them in, the housekeeper erases and tidies. Columns are granted one by one where a
row changes hands.
"""

from collections.abc import Mapping, Sequence

from storage.engines.postgres import roles

INTAKE, WORKER, HOUSEKEEPER = "coffre_intake", "coffre_worker", "coffre_housekeeper"
READER, GATEWAY, SIGN_IN = "coffre_reader", "coffre_gateway", "coffre_signin"

_WATCHED = "SELECT (state, not_before, lease_until) ON submission"  # what /health and /metrics count
_COUNTED = "SELECT (day, cpu_ms) ON cpu_use"
_COPIED = "UPDATE (state, updated_at) ON document"  # what the vault decided on request
_NAMED = "SELECT ON practitioner, structure, exercise"  # of the public directory, which its owner imports
_MAKE_MONTH = "coffre_make_month(integer)"
_READ = "SELECT ON document, details, instance, token, shared_instance, issuer_list"

GRANTS: Mapping[str, Sequence[str]] = {
    INTAKE: (
        "SELECT, INSERT, DELETE ON upload",
        "SELECT, INSERT ON submission, blob",
        "SELECT ON part, reception_key, issuer_list",
        # who sends a form of the pages: the row opens with the browser's code alone
        "SELECT ON sign_in",
        _COUNTED,
    ),
    WORKER: (
        "SELECT, INSERT, DELETE ON upload",
        "SELECT ON submission, blob, part, document, details, instance, token, shared_instance",
        "UPDATE (state, worker, lease_until, not_before, attempts, plan, answer, sealed_envelope,"
        " finished_at, settled_at) ON submission",
        "INSERT, DELETE, UPDATE (state, sealed_key) ON blob",
        "INSERT ON part, document, details, instance, token, shared_instance",
        "UPDATE (updated_at, state) ON document",
        # a job takes out of sight what it replaces
        "DELETE ON document, details, instance",
        "UPDATE (outcome, code, reason, document_id) ON part",
        "SELECT, INSERT, DELETE, UPDATE (document_id) ON part_claim",
        "SELECT, INSERT, UPDATE ON depositor, cpu_use",
    ),
    # whose deposit a document is, and its verdicts: a depositor reads back what it deposited
    READER: (
        _WATCHED,
        _COUNTED,
        _READ,
        _COPIED,
        _NAMED,
        "SELECT (submission_id, depositor_token) ON submission",
        "SELECT ON part",
        # who looks at images on a page: the row opens with the browser's code alone
        "SELECT ON sign_in",
    ),
    GATEWAY: (_WATCHED, _COUNTED, _READ, _COPIED, _NAMED, "SELECT, INSERT, UPDATE, DELETE ON sign_in"),
    SIGN_IN: (
        _WATCHED,
        _COUNTED,
        _NAMED,
        "SELECT ON issuer_list",  # of professionals who open accounts
        "SELECT, INSERT, UPDATE, DELETE ON sign_in",
    ),
    HOUSEKEEPER: (
        "SELECT, DELETE, UPDATE (condemned) ON upload",
        "SELECT, INSERT ON submission",
        "SELECT ON blob, document, part, instance",
        "SELECT (document_id, row_version, submission_id) ON details",
        "UPDATE (sealed_envelope, plan, answer, settled_at) ON submission",
        "DELETE, UPDATE (state, sealed_key) ON blob",
        "UPDATE (state, updated_at) ON document",
        "SELECT, INSERT, UPDATE ON reception_key, issuer_list",
        "SELECT, DELETE ON sign_in",
        "SELECT, DELETE ON depositor, cpu_use",
        f"EXECUTE ON FUNCTION {_MAKE_MONTH}",
    ),
}

_ALL = ", ".join(GRANTS)
_NEW = (
    "state = 'received' AND worker IS NULL AND attempts = 0 AND plan IS NULL AND answer IS NULL"
    " AND finished_at IS NULL AND settled_at IS NULL"
)
_ROWS = (
    *roles.policies(
        "submission",
        {
            "seen": ("SELECT", f"TO {_ALL} USING (true)"),
            "received": ("INSERT", f"TO {INTAKE} WITH CHECK ({_NEW} AND kind = 'deposit')"),
            "queued": ("INSERT", f"TO {HOUSEKEEPER} WITH CHECK ({_NEW} AND kind <> 'deposit')"),
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
            "forgotten": ("DELETE", f"TO {WORKER}, {HOUSEKEEPER} USING (state IN ('abandoned', 'retired'))"),
        },
    ),
)


# a restored database has given them to everybody
_FUNCTIONS = tuple(
    f"REVOKE ALL ON FUNCTION {each} FROM PUBLIC" for each in (_MAKE_MONTH, "coffre_first_id(integer)")
)
RIGHTS = roles.Rights(GRANTS, (*_ROWS, *_FUNCTIONS))
