"""Compare columns that exist for queries with the sealed card and facts that they repeat."""

from operator import itemgetter
from uuid import UUID

from audit.view import LogFault
from keyvault.context import Vault
from keyvault.keys.cards import OpenedCard, open_facts
from keyvault.keys.choices import open_authorisation, open_circle
from keyvault.keys.clocks import open_clock
from keyvault.store import Row, VaultTransaction
from records.errors import CoffreError


def check_copies(vault: Vault, tx: VaultTransaction, record_id: UUID) -> None:
    """The card and all facts open, and what stands beside them is what they seal.

    Raises LogFault `card_altered`, `facts_altered`, `authorisation_altered`, `circle_altered` or
    `clock_altered`.
    """
    record = tx.get("record", record_id=record_id)
    if record is None:
        return
    card = _checked_card(vault, tx, record)
    _check_choices(tx, card)
    documents = tx.find("document", record_id=record_id)
    rows = tx.find("document_row", document_id__in=[row["document_id"] for row in documents])
    newest = {row["document_id"]: row for row in sorted(rows, key=itemgetter("row_version"))}
    for document in documents:
        _check_facts(card, document)
        _check_newest_row(document, newest.get(document["document_id"]))


def _checked_card(vault: Vault, tx: VaultTransaction, record: Row) -> OpenedCard:
    try:
        return vault.open(tx, record).card
    except CoffreError as error:
        sentence = "A record's card does not open, or its state or INS is not the one that the card seals."
        raise LogFault("card_altered", sentence) from error


def _check_choices(tx: VaultTransaction, card: OpenedCard) -> None:
    """Every row about a professional, a circle or a term opens, and stands under what it seals."""
    kinds = {"authorisation": open_authorisation, "circle": open_circle, "clock": open_clock}
    for table, opened in kinds.items():
        for row in tx.find(table, record_id=card.record_id):
            try:
                opened(card, row)
            except CoffreError as error:
                sentence = f"A record's {table} does not open, or is not what stands beside it."
                raise LogFault(f"{table}_altered", sentence) from error


def _check_facts(card: OpenedCard, document: Row) -> None:
    try:
        facts = open_facts(card, [document])[document["document_id"]]
    except CoffreError as error:
        raise LogFault("facts_altered", "A document's facts do not open.") from error
    sealed = (facts.document_id, facts.kind, facts.state.value)
    if sealed != (document["document_id"], document["kind"], document["state"]):
        raise LogFault("facts_altered", "A document's kind or state is not the one that its facts seal.")


def _check_newest_row(document: Row, newest: Row | None) -> None:
    """A document names its newest details row; one that was withdrawn whole has none left."""
    named = (document["row_version"], document["row_digest"])
    if newest is not None and named != (newest["row_version"], newest["digest"]):
        raise LogFault("facts_altered", "A document names another details row than its newest.")
