"""A real OpenID provider on the loopback: npm's oidc-provider, with the claims of Pro Santé Connect."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from tests.opener import node
from tests.services.processes import free_port
from tests.services.service import listens, process, wait_until

FOLDER = Path(__file__).parent / "oidc"
CLIENT, SECRET = "coffre", "a secret of the test, thirty-two letters"


@dataclass(frozen=True)
class OidcProvider:
    """A running provider. `signed_in` answers as a browser would bring it back."""

    port: int

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def registers(self, *redirect_uris: str) -> None:
        """Where people may come back to."""
        self.tell("registered", {"redirectUris": redirect_uris})

    def person(self, sub: str, userinfo: Mapping[str, Any], **more: object) -> None:
        """Who sits before the provider from now on."""
        self.tell("person", {"sub": sub, "userinfo": userinfo, **more})

    def tell(self, what: str, told: Mapping[str, Any]) -> dict[str, Any]:
        answer = httpx.post(f"{self.issuer}/test/{what}", json=told, timeout=10).raise_for_status()
        return dict(answer.json())

    def signed(self, claims: Mapping[str, Any]) -> str:
        """An id token of these claims, signed with the provider's own key."""
        return str(self.tell("sign", {"claims": claims})["signed"])

    @contextmanager
    def answering(
        self, path: str, body: object, status: int = 200, *, headers: Mapping[str, str] | None = None
    ) -> Iterator[None]:
        """What it answers at the end of a path in the place of its own; text, or JSON."""
        text = body if isinstance(body, str) else json.dumps(body)
        other = {"path": path, "status": status, "headers": dict(headers or {}), "body": text}
        self.tell("answers", {"answers": [other]})
        try:
            yield
        finally:
            self.tell("answers", {"answers": []})

    @contextmanager
    def dripping(self, path: str) -> Iterator[None]:
        """An answer that begins and does not end."""
        self.tell("answers", {"answers": [{"path": path, "status": 200, "drips": True}]})
        try:
            yield
        finally:
            self.tell("answers", {"answers": []})

    def asked(self) -> dict[str, Any]:
        """The parameters of the last request for a sign-in."""
        found: dict[str, Any] = httpx.get(f"{self.issuer}/test/asked", timeout=10).json()["asked"]
        return found

    def browsed(self, address: str) -> str:
        """Where a browser without earlier sign-ins ends that is sent to `address`: where it comes back to."""
        with httpx.Client(timeout=20) as browser:
            for _ in range(12):
                answer = browser.get(address)
                assert answer.status_code in (302, 303), f"{answer.status_code} {answer.text[:500]}"
                address = str(answer.url.join(answer.headers["location"]))
                if not address.startswith(self.issuer):
                    return address
        raise AssertionError("the provider does not come to an end")

    def signed_in(self, address: str) -> dict[str, str]:
        """The query of that address."""
        return dict(parse_qsl(urlsplit(self.browsed(address)).query))


@contextmanager
def oidc_provider(folder: Path) -> Iterator[OidcProvider]:
    node.locked(FOLDER)
    port = free_port()
    command = [node.program(), FOLDER / "provider.mjs", str(port), CLIENT, SECRET]
    log = folder / "oidc-provider.log"
    with process(command, log) as child:
        wait_until(lambda: listens(port), child, log)
        yield OidcProvider(port)


def userinfo(number: str = "899700024450", **changed: object) -> dict[str, Any]:
    """What Pro Santé Connect says of a doctor who exercises in two places."""
    activity = {
        "codeSecteurDactivite": "SA07",
        "ancienIdentifiantDeLaStructure": "",
        "numeroFinessSite": "750000002",
        "numeroSiretSite": "",
        "raisonSocialeSite": "CABINET DES LILAS",
        "enseigneCommercialeSite": "",
        "bureauCedex": "76000 ROUEN",
    }
    other = {**activity, "codeSecteurDactivite": "SA01", "ancienIdentifiantDeLaStructure": "1750000003"}
    exercise = {
        "codeProfession": "10",
        "codeCategorieProfessionnelle": "C",
        "codeSavoirFaire": "SM26",
        "nomDexercice": "Martin",
        "prenomDexercice": "Claire",
        "activities": [activity, {**other, "raisonSocialeSite": "HOPITAL DU PARC"}],
    }
    return {
        "SubjectNameID": number,
        "family_name": "Martin",
        "given_name": "Claire",
        "SubjectRefPro": {"exercices": [exercise]},
        **changed,
    }
