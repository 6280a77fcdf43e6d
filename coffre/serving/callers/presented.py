"""The credential in a request: a bearer's token (RFC 6750), or one with a proof (RFC 9449)."""

from fastapi import Request

from keyvault.credentials.refusing import CredentialError

IN_SESSION = "coffre.in_session"
"""In the scope of a request whose credential the pages' cookie stands for."""


def presented(request: Request) -> tuple[str, str | None]:
    """The token and the proof, which the scheme DPoP alone has. Raises `CredentialError`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in ("bearer", "dpop") or not token.strip():
        raise CredentialError("Sign in: send Authorization: Bearer and your token.", code="token_missing")
    if scheme.lower() == "bearer":
        return token.strip(), None
    proofs = request.headers.getlist("dpop")
    if len(proofs) != 1:
        raise CredentialError(
            "With Authorization: DPoP send one header DPoP with a proof for this request.",
            code="possession_required",
        )
    return token.strip(), proofs[0]


def url_of(request: Request, public_url: str) -> str:
    """The address a client meant, without its query: our own origin, whatever its Host header says."""
    path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return public_url.rstrip("/") + path.partition(b"?")[0].decode("latin-1")
