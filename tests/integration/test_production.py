"""Production: each thing it wants is named where it is missing; with all of them it starts and serves."""

import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from coffre.installation.install import initialise
from coffre.settings import load
from keyvault.credentials.authority import Authority
from keyvault.credentials.proving import ProofKey
from keyvault.roots.file import FileRoot
from records.errors import CoffreError
from records.people.identity import INS, INS_NIR, INS_NIR_TEST
from records.vocabulary.codes import Environment, Role
from tests.integration.pages import Page
from tests.integration.running import process
from tests.integration.support import bearer, new_ins, problem
from tests.services import warm
from tests.services.processes import free_port

Init = Callable[..., tuple[str, str]]
ISSUER = "https://identity.example"
ORIGIN = "https://coffre.example"
TRAITS = ("--family-name", "X", "--given-name", "Y", "--birth-date", "1977-07-01", "--sex", "F")
TRAITS += ("--consent", "written")


@dataclass
class Production:
    """One installation's folder and settings, and the authority that its users have."""

    folder: Path
    authority: Authority
    env: dict[str, str]

    @property
    def data(self) -> Path:
        return self.folder / "D"

    def environment(self, **changed: str | None) -> dict[str, str]:
        env = {**os.environ, **self.env, **changed}
        return {name: value for name, value in env.items() if value is not None}

    def run(self, *arguments: object, **changed: str | None) -> subprocess.CompletedProcess[str]:
        return warm.run(*arguments, env=self.environment(**changed), cwd=self.folder)

    def refused(self, *arguments: object, **changed: str | None) -> str:
        done = self.run(*arguments, **changed)
        assert done.returncode in (1, 2) and "Traceback" not in done.stderr, done.stderr
        return done.stderr

    def token(self, role: Role, subject: str, **claims: object) -> str:
        audience, now = "coffre/production", int(time.time())
        return self.authority.issue(role=role, subject=subject, audience=audience, now=now, **claims)  # type: ignore[arg-type]

    def operator(self, name: str = "operator") -> Path:
        path = self.folder / f"{name}.token"
        path.write_text(self.token(Role.OPERATOR, name))
        return path


def production_in(folder: Path) -> Production:
    authority = Authority(secrets.token_bytes(32), environment=Environment.PRODUCTION, issuer=ISSUER)
    public = Ed25519PublicKey.from_public_bytes(authority.public)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "authority.pem").write_bytes(pem)
    env = {
        "COFFRE_ENVIRONMENT": "production",
        "COFFRE_VAULT_URL": f"unix://{folder}/doors",
        "COFFRE_PUBLIC_URL": ORIGIN,
        "COFFRE_AUTHORITY_PUBLIC": str(folder / "authority.pem"),
        "COFFRE_AUTHORITY_ISSUER": ISSUER,
        "COFFRE_VAULT_PASSPHRASE": "cheval correct pile agrafe",
    }
    return Production(folder, authority, env)


def operators_in(folder: Path, *names: str) -> dict[str, str]:
    """Keys of operators' own, as openssl makes them, and the setting that names their public halves."""
    for name in names:
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{name}.key").write_bytes(pem)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (folder / f"{name}.pem").write_bytes(public)
    return {"COFFRE_OPERATORS": ",".join(f"{name}={folder}/{name}.pem" for name in names)}


@pytest.fixture
def production(tmp_path: Path) -> Production:
    return production_in(tmp_path)


@pytest.fixture
def init(production: Production, monkeypatch: pytest.MonkeyPatch) -> Init:
    """What `coffre init` refuses: its code and sentence."""

    def refused(**changed: str | None) -> tuple[str, str]:
        for name, value in {**production.env, **changed}.items():
            monkeypatch.delenv(name, raising=False)
            if value is not None:
                monkeypatch.setenv(name, value)
        with pytest.raises(CoffreError) as caught:
            initialise(load(data=production.data))
        assert not production.data.exists()
        return caught.value.code, caught.value.sentence

    return refused


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COFFRE_VAULT_URL", None),
        ("COFFRE_PUBLIC_URL", None),
        ("COFFRE_PUBLIC_URL", "http://coffre.example"),
        ("COFFRE_OBJECTS_PUBLIC_URL", "http://objects.example"),
        ("COFFRE_REQUIRE_POSSESSION", "false"),
        ("COFFRE_AUTHORITY_PUBLIC", None),
        ("COFFRE_AUTHORITY_ISSUER", None),
        ("COFFRE_VAULT_PASSPHRASE", None),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_made(init: Init, name: str, value: str | None) -> None:
    code, sentence = init(**{name: value})
    assert code == "not_for_production" and name in sentence


def test_all_that_is_missing_is_named_at_once(init: Init) -> None:
    _, sentence = init(COFFRE_VAULT_URL=None, COFFRE_PUBLIC_URL=None)
    assert "COFFRE_VAULT_URL" in sentence and "COFFRE_PUBLIC_URL" in sentence


def test_the_demo_authority_is_not_pinned(init: Init) -> None:
    assert init(COFFRE_AUTHORITY_ISSUER="coffre-demo-authority")[0] == "demo_authority_refused"


@pytest.mark.parametrize(
    "content", [b"", b"-----BEGIN PUBLIC KEY-----", b"\xff" * 64], ids=["empty", "cut", "noise"]
)
def test_an_authority_s_file_that_holds_no_key_is_told(
    production: Production, init: Init, content: bytes
) -> None:
    (production.folder / "authority.pem").write_bytes(content)
    assert init()[0] == "bad_key"


@pytest.mark.requirement("R50")
def test_a_region_outside_the_eea_is_refused(init: Init) -> None:
    assert init(COFFRE_OBJECTS_URL="s3://bucket?region=us-west-2")[0] == "non_eea_region"


class TestTheFirstOperators:
    """Who begins: two persons, each with a key of their own, in place of an authority."""

    ALONE: ClassVar = {"COFFRE_AUTHORITY_PUBLIC": None, "COFFRE_AUTHORITY_ISSUER": None}

    def test_are_all_that_it_knows(self, production: Production) -> None:
        production.env |= operators_in(production.folder, "alice", "bob")
        done = production.run("init", "--data", production.data, **self.ALONE)
        assert done.returncode == 0, done.stderr
        facts = json.loads((production.data / "coffre").read_text())
        assert "authority_public" not in facts and not (production.data / "authority").exists()
        assert [name for name, _ in json.loads(facts["operators"])] == ["alice", "bob"]

    @pytest.mark.parametrize("given", ["alice={0}/alice.pem", "alice", "A B={0}/alice.pem,bob={0}/bob.pem"])
    def test_are_two_with_names_and_files(self, production: Production, init: Init, given: str) -> None:
        operators_in(production.folder, "alice", "bob")
        code, sentence = init(**self.ALONE, COFFRE_OPERATORS=given.format(production.folder))
        assert code == "bad_setting" and "COFFRE_OPERATORS" in sentence

    def test_have_two_keys(self, production: Production, init: Init) -> None:
        """Else one person is two."""
        operators_in(production.folder, "alice")
        file = production.folder / "alice.pem"
        for other in (file, production.folder / "none.pem"):
            code, sentence = init(**self.ALONE, COFFRE_OPERATORS=f"alice={file},bob={other}")
            assert code == "bad_setting" and "COFFRE_OPERATORS" in sentence


@pytest.fixture
def made(production: Production) -> Production:
    done = production.run("init", "--data", production.data)
    assert done.returncode == 0, done.stderr
    return production


class TestMade:
    def test_it_holds_no_authority_of_its_own(self, made: Production) -> None:
        assert not (made.data / "authority").exists()
        facts = json.loads((made.data / "coffre").read_text())
        assert (facts["issuer"], facts["environment"]) == (ISSUER, "production")
        assert facts["authority_public"] == made.authority.public.hex()

    def test_it_stays_production_whatever_is_left_out(self, made: Production) -> None:
        """A forgotten setting must not make bearers welcome."""
        serve = ("serve", "--data", made.data, "--port", free_port())
        left_out = made.refused(*serve, COFFRE_ENVIRONMENT=None, COFFRE_VAULT_URL=None)
        assert left_out.startswith("not_for_production: ") and "COFFRE_VAULT_URL" in left_out
        assert made.refused(*serve, COFFRE_ENVIRONMENT="demo").startswith("other_environment: ")

    def test_a_root_file_without_a_passphrase_is_refused(self, made: Production) -> None:
        (made.data / "vault" / "root").unlink()
        FileRoot.create(made.data / "vault" / "root", None)
        assert made.refused("vault", "serve", "--data", made.data).startswith("root_file_bare: ")

    def test_nor_is_one_rotated_to(self, made: Production) -> None:
        first, second = made.operator("first"), made.operator("second")
        FileRoot.create(made.folder / "bare", None)
        rotate = ("vault", "rotate-root", "--to", f"file:{made.folder}/bare", "--data", made.data, "--yes")
        told = made.refused(*rotate, "--operator", first, "--second-operator", second)
        assert told.startswith("root_file_bare: ")

    def test_no_identity_is_issued(self, made: Production) -> None:
        told = made.refused(
            "identity", "issue", "depositor", "--structure", "1750000001", "--data", made.data
        )
        assert told.startswith("demo_only: ")
        assert not (made.folder / "coffre-identities").exists()


@dataclass
class Served:
    """A running installation with one person's record."""

    production: Production
    url: str
    ins: str
    key: ProofKey
    operators: int

    def holder(self, **claims: object) -> str:
        return self.production.token(Role.PATIENT, self.ins, ins=INS(self.ins, INS_NIR), **claims)

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return httpx.get(self.url + path, headers=headers)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = production_in(tmp_path_factory.mktemp("production"))
    made.env |= operators_in(made.folder, "alice", "bob")
    assert made.run("init", "--data", made.data).returncode == 0
    port, operators, ins = free_port(), free_port(), new_ins()
    everything = ("serve", "--data", str(made.data), "--port", str(port))
    with (
        process("vault", "serve", "--data", str(made.data), env=made.env),
        process(*everything, env={**made.env, "COFFRE_OPERATOR_ADDRESS": f"127.0.0.1:{operators}"}),
    ):
        opened = made.run("record", "open", ins, *TRAITS, "--data", made.data, "--operator", made.operator())
        assert opened.returncode == 0, opened.stderr
        key = ProofKey(Ed25519PrivateKey.generate().private_bytes_raw())
        yield Served(made, f"http://127.0.0.1:{port}", ins, key, operators)


def test_it_starts_and_serves_who_proves_their_key(served: Served) -> None:
    path = f"/records/{served.ins}/documents"
    token = served.holder(key=served.key.thumbprint)
    proven = {"Authorization": f"DPoP {token}", "DPoP": served.key.proof(token, "GET", ORIGIN + path)}
    answer = served.get(path, proven)
    assert (answer.status_code, answer.json()["documents"]) == (200, [])
    refused = served.get(path, bearer(served.holder()))
    assert (refused.status_code, problem(refused)) == (401, "possession_required")
    assert served.production.run("audit", "verify", "--data", served.production.data).returncode == 0


@pytest.mark.parametrize(
    ("language", "patients", "professionals"),
    [
        (
            "fr",
            "Il vous faut votre identifiant",
            "Pour les professionnels, la connexion à ces pages n'est pas",
        ),
        ("en", "You need your identifier", "For professionals, sign-in to these pages is not open yet"),
    ],
)
def test_its_first_page_says_who_can_sign_in_and_who_not_yet(
    served: Served, language: str, patients: str, professionals: str
) -> None:
    text = text_of(served, "/", 200, language)
    assert patients in text and professionals in text


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/link/x", 403), ("/choix", 403)])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_its_pages_lead_to_the_door_and_say_nothing_of_a_demonstration(
    served: Served, path: str, status: int, language: str
) -> None:
    """Nor of a command that this installation refuses."""
    text = text_of(served, path, status, language)
    assert {"fr": "Se connecter", "en": "Sign in"}[language] in text
    for word in ("émonstration", "coffre identity", "lien de connexion", "sign-in link"):
        assert word not in text


def text_of(served: Served, path: str, status: int, language: str) -> str:
    answer = served.get(path, {"Accept": "text/html", "Accept-Language": language})
    assert answer.status_code == status
    return " ".join(Page(answer.text).text.split())


@pytest.mark.parametrize("path", ["/metrics", "/openapi.json"])
def test_what_operators_watch_answers_on_their_address_alone(served: Served, path: str) -> None:
    answer = served.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_address")
    watched = httpx.get(f"http://127.0.0.1:{served.operators}{path}")
    assert watched.status_code == 200
    named = "/records/{ins}/documents" if path == "/openapi.json" else "coffre_submissions_due"
    assert named in watched.text
    assert httpx.get(f"http://127.0.0.1:{served.operators}/records/{served.ins}/documents").status_code == 404


def test_it_takes_no_identity_of_a_test(served: Served) -> None:
    made = served.production
    told = made.refused(
        "record",
        "open",
        f"{new_ins()}|{INS_NIR_TEST}",
        *TRAITS,
        "--data",
        made.data,
        "--operator",
        made.operator(),
    )
    assert told.startswith("bad_oid: ")
    alone = made.refused("record", "open", new_ins(), *TRAITS, "--data", made.data)
    assert alone.startswith("demo_only: ")


def test_two_operators_of_its_authority_rotate(served: Served) -> None:
    made = served.production
    rotate = ("vault", "rotate-shards", "--data", made.data, "--yes", "--json")
    done = made.run(
        *rotate, "--operator", made.operator("first"), "--second-operator", made.operator("second")
    )
    assert json.loads(done.stdout)["begun"] == 16
    told = made.refused(
        *rotate, "--operator", made.operator("first"), "--second-operator", made.operator("first")
    )
    assert told.startswith("two_operators: ")


def test_two_operators_with_keys_of_their_own_set_whose_credentials_are_accepted(served: Served) -> None:
    """Must fail: an identity service of patients names a doctor."""
    made, path = served.production, f"/records/{served.ins}/documents"
    name, here = "https://patients.example", ("--data", made.data)
    patients = Authority(secrets.token_bytes(32), environment=Environment.PRODUCTION, issuer=name)
    (made.folder / "patients.hex").write_text(patients.public.hex())

    def operator(who: str) -> Path:
        out = made.folder / f"{who}.token"
        done = made.run("issuers", "token", who, "--key", made.folder / f"{who}.key", "--out", out, *here)
        assert done.returncode == 0, done.stderr
        return out

    def answered(role: Role, **claims: object) -> httpx.Response:
        told = {"audience": "coffre/production", "now": int(time.time()), "key": served.key.thumbprint}
        token = patients.issue(role=role, subject="s", **told, **claims)  # type: ignore[arg-type]
        proof = served.key.proof(token, "GET", ORIGIN + path)
        return served.get(path, {"Authorization": f"DPoP {token}", "DPoP": proof})

    def patient() -> httpx.Response:
        return answered(Role.PATIENT, ins=INS(served.ins, INS_NIR))

    add = ("issuers", "add", name, "--key", made.folder / "patients.hex", "--role", "patient", *here)
    add = (*add, "--until", "2099-12-31", "--beside", ISSUER, "--yes")
    assert problem(patient()) == "token_invalid"
    alone = made.refused(*add, "--operator", operator("alice"), "--second-operator", operator("alice"))
    assert alone.startswith("two_operators: ")
    both = ("--operator", operator("alice"), "--second-operator", operator("bob"))
    assert made.refused(*(word for word in add if word not in ("--beside", ISSUER)), *both).startswith(
        "issuer_overlaps: "
    )
    assert made.run(*add, *both).returncode == 0
    assert patient().status_code == 200
    doctor = answered(
        Role.PROFESSIONAL, rpps="899700024450", profession="10", structure="1750000002", sector="SA07"
    )
    assert (doctor.status_code, problem(doctor)) == (401, "issuer_not_entitled")
    listed = json.loads(made.run("issuers", "list", *here, "--operator", operator("bob"), "--json").stdout)
    assert {each["name"]: each["state"] for each in listed["issuers"]} == dict.fromkeys(
        (ISSUER, "operator:alice", "operator:bob", name), "active"
    )
    end = ("issuers", "end", name, "--yes", *here, *both)
    assert "nothing was changed" in made.run(*end, "--dry-run").stdout
    assert patient().status_code == 200
    assert made.run(*end).returncode == 0
    assert problem(patient()) == "issuer_ended"
    assert made.refused("issuers", "end", "nobody", "--yes", *here, *both).startswith("no_such_issuer: ")
    assert made.run("audit", "verify", *here).returncode == 0
