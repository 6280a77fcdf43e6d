"""Routes of the public log: checkpoint, hash tiles, inclusion proofs, keys (docs/formats.md section 5)."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from keyvault.log.sequencer import InclusionProof
from keyvault.verbs.public import MOST_LEAVES, PublishingVerbs
from records.errors import Invalid, NotFound
from records.text.base64url import b64, unb64
from viewer_api.routes.numbers import Whole

HASH_SIZE = 32
HIGHEST_LEVEL, MOST_TILES = 63, 2**53  # C2SP tlog-tiles; beyond what any store counts


class LeavesBody(BaseModel):
    """Leaf hashes, each as `/audit/proof/{leaf}` takes it."""

    model_config = ConfigDict(extra="forbid", strict=True)
    leaves: list[Annotated[str, Field(max_length=64)]] = Field(min_length=1, max_length=MOST_LEAVES)


def router(vault: PublishingVerbs) -> APIRouter:
    routes = APIRouter(prefix="/audit", tags=["Audit"])

    @routes.get("/checkpoint", summary="The newest signed checkpoint (C2SP tlog-checkpoint)")
    async def checkpoint() -> Response:
        return PlainTextResponse(await asyncio.to_thread(vault.last_checkpoint))

    @routes.get("/proof/{leaf}", summary="Inclusion proof of an entry (C2SP tlog-proof)")
    async def proof(leaf: str) -> Response:
        return PlainTextResponse(await asyncio.to_thread(vault.proof, _leaf(leaf)))

    @routes.post("/proofs", summary="Inclusion proofs of several entries, all under the newest checkpoint")
    async def proofs(body: LeavesBody) -> dict[str, Any]:
        found = await asyncio.to_thread(vault.proofs, [_leaf(leaf) for leaf in body.leaves])
        return {"checkpoint": found.checkpoint, "proofs": [_proof_json(each) for each in found.proofs]}

    @routes.get("/consistency/{old}/{new}", summary="Proof that a tree begins with an older one (RFC 6962)")
    async def consistency(old: Whole, new: Whole) -> dict[str, Any]:
        hashes = await asyncio.to_thread(vault.consistency, old, new)
        return {"old": old, "new": new, "hashes": [b64(value) for value in hashes]}

    @routes.get("/tile/{level}/{number}", summary="Hashes of one tile")
    async def tile(level: Whole, number: Whole) -> Response:
        if not (0 <= level <= HIGHEST_LEVEL and 0 <= number < MOST_TILES):
            raise NotFound("The log has no such tile.", code="no_such_tile")
        hashes = await asyncio.to_thread(vault.tile, level, number)
        return Response(hashes, media_type="application/octet-stream")

    @routes.get("/keys", summary="Public keys, to be pinned by clients")
    async def keys() -> dict[str, Any]:
        keys = vault.public_keys()
        return {"keys": [{"key_id": k.key_id, "use": k.use, "public": b64(k.public)} for k in keys]}

    return routes


def _proof_json(proof: InclusionProof | None) -> dict[str, Any] | None:
    if proof is None:
        return None
    return {"index": proof.index, "hashes": [b64(value) for value in proof.hashes]}


def _leaf(text: str) -> bytes:
    """A leaf hash, in hexadecimal as the access log names it or in base64url as a grant does."""
    try:
        return bytes.fromhex(text) if len(text) == 2 * HASH_SIZE else unb64(text, HASH_SIZE)
    except (ValueError, Invalid):
        raise NotFound(
            "A leaf is named by its hash: 64 hexadecimal digits, or base64url.", code="not_sequenced"
        ) from None
