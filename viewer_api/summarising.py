"""An opened document as a list would show it: of both there is one presentation."""

from keyvault.verbs.rows import SeenDocument
from records.documents.listed import ListedDocument
from records.documents.summaries import summary_of


def summarised(document: SeenDocument) -> ListedDocument:
    return ListedDocument(
        document_id=document.document_id,
        facts=document.facts,
        created_at=document.created_at,
        summary=summary_of(document.details),
        obligations=document.obligations,
    )
