"""Measures a record's summaries, sealed one by one or together as a catalogue: CPU and bytes, by its length.

No store is in it: statements are the same few either way. A catalogue is opened whole for a page or a search,
and sealed whole by every deposit.
"""

from collections.abc import Callable
from uuid import UUID

from benchmarks.tools.measuring import compete, table
from keyvault.crypto.envelope import new_key
from keyvault.crypto.sealed_json import open_packed, seal_packed, summary_aad
from records.documents.details import FileDetails
from records.documents.summaries import DocumentSummary
from records.documents.summaries_json import summary_from_json, summary_to_json

LENGTHS = (10, 1_000, 10_000)
PAGE = 100
ROUNDS = 3
_RECORD = UUID(int=1)
_AAD = b"coffre-catalogue"


def run() -> None:
    table(
        "Summaries of a record, each sealed alone or all as one catalogue: CPU ms, bytes",
        (
            "documents",
            "way",
            "page of 100",
            "search of all",
            "one deposit",
            "bytes",
            "bytes a deposit writes",
        ),
        [row for length in LENGTHS for row in _measured(length)],
    )


def _measured(length: int) -> list[tuple[str, ...]]:
    key, summaries = new_key(), [_report(number) for number in range(length)]
    plain = [summary_to_json(each) for each in summaries]
    aads = [summary_aad(_RECORD, UUID(int=number + 1), 1) for number in range(length)]
    alone = [seal_packed(key, each, aad) for each, aad in zip(plain, aads, strict=True)]
    together = seal_packed(key, {"documents": plain}, _AAD)

    def some(count: int) -> Callable[[], None]:
        def opened() -> None:
            for sealed, aad in list(zip(alone, aads, strict=True))[:count]:
                summary_from_json(open_packed(key, sealed, aad))

        return opened

    def every(count: int) -> Callable[[], None]:
        def opened() -> None:
            for each in open_packed(key, together, _AAD)["documents"][:count]:
                summary_from_json(each)

        return opened

    def added() -> None:
        found = open_packed(key, together, _AAD)["documents"]
        seal_packed(key, {"documents": [*found, plain[0]]}, _AAD)

    def first() -> None:
        seal_packed(key, plain[0], aads[0])

    size = sum(map(len, alone))
    rows = (
        ("alone", (some(PAGE), some(length), first), size, len(alone[0])),
        ("catalogue", (every(PAGE), every(length), added), len(together), len(together)),
    )
    return [
        (f"{length:,}", way, *(_ms(work) for work in works), f"{total:,}", f"{written:,}")
        for way, works, total, written in rows
    ]


def _ms(work: Callable[[], None]) -> str:
    return f"{compete({'': work}, ROUNDS)[''].cpu * 1000:,.2f}"


def _report(number: int) -> DocumentSummary:
    return DocumentSummary(
        title=f"Compte rendu d'imagerie {number}",
        class_code="31",
        date=f"20{number % 26:02d}-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
        structure=f"17500{number % 99:05d}",
        media_type="application/pdf",
        file=FileDetails(authors=(f"Dr Auteur {number % 50}",), size=120_000 + number, pages=number % 9 + 1),
    )
