"""The tokens by which parts of several deposits are recognised when they come again."""

from collections.abc import Sequence

from ingestion.grouping import InspectedPart
from ingestion.worker.opening import OpenedSubmission
from keyvault.process.guard import WorkerDoor

Examined = tuple[OpenedSubmission, Sequence[InspectedPart]]
_Key = tuple[str, str, bytes]  # record, structure, SHA-256


def tokens_of_all(vault: WorkerDoor, deposits: Sequence[Examined]) -> list[dict[int, bytes] | None]:
    """By part number, of each deposit whose parts came as they are; None where a part's record isn't there.

    The vault told them with the envelope where its sender named the record; else it is asked once for each.
    """
    asked: dict[tuple[str, str], dict[bytes, None]] = {}
    for opened, parts in deposits:
        for part in parts:
            if part.record is not None and not _is_told(part, opened):
                asked.setdefault((part.record, opened.structure), {})[part.sha256] = None
    found: dict[_Key, bytes] = {}
    for (record, structure), digests in asked.items():
        tokens = vault.part_tokens(record, structure, list(digests))
        for digest, token in zip(digests, tokens or (), strict=tokens is not None):
            found[record, structure, digest] = token
    return [_tokens(opened, parts, found) for opened, parts in deposits]


def _is_told(part: InspectedPart, opened: OpenedSubmission) -> bool:
    return part.record == opened.expected_ins and bool(opened.part_tokens)


def _tokens(
    opened: OpenedSubmission, parts: Sequence[InspectedPart], found: dict[_Key, bytes]
) -> dict[int, bytes] | None:
    tokens: dict[int, bytes] = {}
    for part in parts:
        if part.record is None:
            continue
        if _is_told(part, opened):
            tokens[part.number] = opened.part_tokens[part.number - 1]
            continue
        token = found.get((part.record, opened.structure, part.sha256))
        if token is None:
            return None
        tokens[part.number] = token
    return tokens
