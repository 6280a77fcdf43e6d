"""The rows of all doors: a module notes its own when it is loaded."""

from tests.integration.vault.verb_rows import changing, consents, housekeeper, operator, reading, row, worker

ROWS = row.ROWS
__all__ = ["ROWS", "changing", "consents", "housekeeper", "operator", "reading", "worker"]
