"""Tables of the sign-in's own database. What is sealed or named is bytes, and opens with its key alone; times
are milliseconds.
"""

from sqlalchemy import Index, MetaData, Table

from storage.sql.columns import NAMES, bytes_column, compact_table, id_column, int_column, text_column

ACCOUNTS = MetaData(naming_convention=NAMES)

Table(
    "account",
    ACCOUNTS,
    id_column("account_id", primary_key=True),
    bytes_column("identifier", unique=True),  # its name; the identifier is sealed
    bytes_column("person", unique=True),
    text_column("state"),
    int_column("version"),
    bytes_column("sealed"),
    int_column("created_at"),
)
# codes sent by letter or another channel than the identifier: for a first visit, and to recover
Table(
    "letter",
    ACCOUNTS,
    id_column("account_id", primary_key=True),
    text_column("purpose", primary_key=True),
    bytes_column("code"),
    int_column("expires"),
    Index("letter_by_code", "code"),
)
# a browser that is on its way in
compact_table(
    "entry",
    ACCOUNTS,
    bytes_column("entry", primary_key=True),
    id_column("account_id"),
    bytes_column("code"),
    int_column("tries"),
    int_column("expires"),
    bytes_column("sealed"),
    Index("entry_by_expiry", "expires"),
)
# failed tries in a row, of an account, a device or an address
compact_table(
    "tries",
    ACCOUNTS,
    bytes_column("whose", primary_key=True),
    int_column("failures"),
    int_column("until"),
    int_column("expires"),
    Index("tries_by_expiry", "expires"),
)
Table(
    "session",
    ACCOUNTS,
    id_column("session_id", primary_key=True),
    id_column("account_id"),
    bytes_column("device"),
    int_column("began_at"),
    int_column("expires"),
    Index("session_by_account", "account_id", "expires"),
    Index("session_by_expiry", "expires"),
)
compact_table(
    "device",
    ACCOUNTS,
    bytes_column("device", primary_key=True),
    id_column("account_id"),
    bytes_column("sealed"),
    int_column("first_at"),
    int_column("last_at"),
    Index("device_by_account", "account_id", "last_at"),
)
compact_table(
    "passkey",
    ACCOUNTS,
    bytes_column("passkey", primary_key=True),
    id_column("account_id"),
    bytes_column("sealed"),
    int_column("uses"),
    int_column("made_at"),
    Index("passkey_by_account", "account_id", "made_at"),
)
# challenges that a passkey has answered, and proofs of signed requests: each serves once
compact_table(
    "challenge",
    ACCOUNTS,
    bytes_column("challenge", primary_key=True),
    int_column("expires"),
    Index("challenge_by_expiry", "expires"),
)
# what the vault is to be told of the doors, until it has it
Table(
    "door_note",
    ACCOUNTS,
    id_column("note_id", primary_key=True),
    int_column("due"),
    int_column("counted"),
    bytes_column("sealed"),
    Index("door_note_by_due", "due", "note_id"),
)
# identities at a provider that patients have linked themselves
compact_table(
    "linked_identity",
    ACCOUNTS,
    bytes_column("linked_identity", primary_key=True),
    id_column("account_id"),
    bytes_column("sealed"),
    int_column("made_at"),
    Index("linked_identity_by_account", "account_id"),
)
# what was asked for online: an account once its person has the letter's code
compact_table(
    "asked_account",
    ACCOUNTS,
    bytes_column("asked_account", primary_key=True),
    id_column("person_id"),
    bytes_column("sealed"),
    int_column("expires"),
    Index("asked_account_by_person", "person_id", "expires"),
    Index("asked_account_by_expiry", "expires"),
)
