"""Rights in the database of accounts: the process that signs in has it for itself."""

from storage.accounts.tables import ACCOUNTS
from storage.engines.postgres import roles
from storage.index.roles import SIGN_IN

RIGHTS = roles.Rights(
    {SIGN_IN: (f"SELECT, INSERT, UPDATE, DELETE ON {', '.join(sorted(ACCOUNTS.tables))}",)}, ()
)
