"""Find letters and messages that were asked for without reading all that are under way.

A migration stays as it was released: later changes are files of their own.
"""

from storage.migrations.online import NewIndex, at_once

revision = "0006"
down_revision = "0005"
runs_from = "0002"
ONLINE = (NewIndex("letter_by_code", "letter", ["code"]),)


def upgrade() -> None:
    at_once(ONLINE)
