"""The vault's one role in its own databases. It adds to the log and never changes what is there: it has not
the right, and a trigger stops whoever has, the owner included.
"""

from collections.abc import Sequence

from storage.engines.postgres import roles
from storage.vault_store.tables import VAULT as TABLES

VAULT = "coffre_vault"

FOR_GOOD = ("entry", "leaf", "event", "accountability", "replay", "checkpoint")
"""Tables whose rows, once written, stay as they are."""

_READ_ALONE = ("meta",)  # whom the vault accepts: fixed by the owner
_GROWING = {"pending": "SELECT, INSERT, DELETE", "tile": "SELECT, INSERT, UPDATE"}
_FREE = sorted(f'"{name}"' for name in TABLES.tables.keys() - {*FOR_GOOD, *_READ_ALONE, *_GROWING})

_ROLE: Sequence[str] = (
    f"SELECT, INSERT ON {', '.join(FOR_GOOD)}",
    f"SELECT ON {', '.join(_READ_ALONE)}",
    *(f"{rights} ON {table}" for table, rights in _GROWING.items()),
    f"SELECT, INSERT, UPDATE, DELETE ON {', '.join(_FREE)}",
    "USAGE ON ALL SEQUENCES IN SCHEMA public",
)
_REFUSE = """
CREATE OR REPLACE FUNCTION coffre_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE insufficient_privilege USING MESSAGE = 'rows of ' || TG_TABLE_NAME || ' are kept for good';
END $$"""
_TRIGGERS = (
    _REFUSE,
    *(
        f"CREATE OR REPLACE TRIGGER {name} BEFORE {events} ON {table} FOR EACH {each}"
        " EXECUTE FUNCTION coffre_for_good()"
        for table in FOR_GOOD
        for name, events, each in (
            ("kept_for_good", "UPDATE OR DELETE", "ROW"),
            ("never_emptied", "TRUNCATE", "STATEMENT"),
        )
    ),
)
_DAY_KEYS: Sequence[str] = ("SELECT, INSERT, UPDATE (wrap, destroyed_at) ON day_key",)
# a destroyed key is not put back, and a key is not exchanged
_DESTROYED_ALONE = roles.policies(
    "day_key",
    {
        "seen": ("SELECT", f"TO {VAULT} USING (true)"),
        "drawn": ("INSERT", f"TO {VAULT} WITH CHECK (destroyed_at IS NULL)"),
        "destroyed": (
            "UPDATE",
            f"TO {VAULT} USING (destroyed_at IS NULL) WITH CHECK (wrap IS NULL AND destroyed_at IS NOT NULL)",
        ),
    },
)

RIGHTS = roles.Rights({VAULT: _ROLE}, _TRIGGERS)
"""In the vault's store; the triggers bind its owner, too."""

DAY_KEY_RIGHTS = roles.Rights({VAULT: _DAY_KEYS}, _DESTROYED_ALONE)
"""In the database of the day keys."""
