"""One contract for every root, on the real engine or its double (formats 2, vault.md 1)."""

import logging
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from keyvault.credentials import private_files
from keyvault.roots.opening import create_root, open_root
from keyvault.roots.ports import BATCH, Root
from records.errors import CoffreError, Invalid
from records.text.base64url import b64
from tests.services import openbao
from tests.services.moto_kms import MotoKms
from tests.services.openbao import OpenBao
from tests.services.processes import free_port
from tests.services.softhsm import SoftHsm

KEY = bytes(range(32))
PLACE = b"coffre-shard-v1\x00\x00\x00\x00\x07\x00\x00\x00\x01"
PASSPHRASE = "cheval pile agrafe correct"
KINDS = ["file", "file with passphrase", "quorum", "pkcs11", "aws-kms", "transit", "combined"]


class Place:
    """A root's URL with what opens it, and another root of the same kind."""

    def __init__(self, url: str, environ: Mapping[str, str], passphrase: str | None = None) -> None:
        self.url = url
        self.environ = dict(environ)
        self.passphrase = passphrase

    def create(self) -> Root:
        made = create_root(self.url, self.passphrase, environ=self.environ)
        if made.shares:
            self.environ["COFFRE_VAULT_SHARES"] = ":".join(map(str, self._keep(made.shares)))
        return made.root

    def _keep(self, lines: tuple[str, ...]) -> list[Path]:
        directory = Path(self.url.removeprefix("quorum:").partition("?")[0]).parent / secrets.token_hex(4)
        directory.mkdir()
        files = [directory / str(number) for number in range(len(lines))]
        for file, line in zip(files, lines, strict=True):
            private_files.create(file, line)
        return files

    def open(self) -> Root:
        return open_root(self.url, self.passphrase, environ=self.environ)


@pytest.fixture
def place_of(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Place]:
    def place(kind: str) -> Place:  # noqa: PLR0911
        name = secrets.token_hex(4)
        if kind == "file":
            return Place(f"file:{tmp_path}/{name}", {})
        if kind == "file with passphrase":
            return Place(f"file:{tmp_path}/{name}", {}, PASSPHRASE)
        if kind == "quorum":
            return Place(f"quorum:{tmp_path}/{name}?needed=2&shares=3", {})
        if kind == "pkcs11":
            hsm: SoftHsm = request.getfixturevalue("soft_hsm")
            return Place(hsm.url(name), hsm.environ)
        if kind == "aws-kms":
            moto: MotoKms = request.getfixturevalue("moto")
            for variable, value in moto.environ.items():
                request.getfixturevalue("monkeypatch").setenv(variable, value)
            return Place(moto.url(f"alias/{name}"), {})
        if kind == "transit":
            bao: OpenBao = request.getfixturevalue("open_bao")
            return Place(bao.url(name), bao.environ)
        first, second = place("file"), place("transit")
        return Place(f"combined:{first.url}+{second.url}", second.environ)

    return place


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place(kind: str, place_of: Callable[[str], Place]) -> Place:
    return place_of(kind)


@pytest.fixture
def root(place: Place) -> Root:
    return place.create()


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(CoffreError) as caught:
        call()
    return caught.value.code


def test_what_it_wrapped_opens_after_a_restart(place: Place) -> None:
    wrapped = place.create().wrap(KEY, PLACE)
    assert KEY not in wrapped
    assert place.open().unwrap(wrapped, PLACE) == KEY


def test_a_wrap_opens_in_its_own_place_alone(root: Root) -> None:
    wrapped = root.wrap(KEY, PLACE)
    for other in (b"", PLACE + b"\x00", PLACE[:-1] + b"\x02"):
        assert code_of(lambda other=other: root.unwrap(wrapped, other)) == "root_unwrap_failed"


def test_an_altered_or_shortened_wrap_does_not_open(root: Root) -> None:
    wrapped = root.wrap(KEY, PLACE)
    for at in {*range(0, len(wrapped), 1 + len(wrapped) // 40), len(wrapped) - 1}:
        altered = wrapped[:at] + bytes([wrapped[at] ^ 1]) + wrapped[at + 1 :]
        assert code_of(lambda altered=altered: root.unwrap(altered, PLACE)) == "root_unwrap_failed"
    for size in (0, 1, 12, len(wrapped) - 1):
        assert code_of(lambda size=size: root.unwrap(wrapped[:size], PLACE)) == "root_unwrap_failed"
    assert code_of(lambda: root.unwrap(wrapped + b"\x00", PLACE)) == "root_unwrap_failed"


def test_another_root_of_the_same_kind_opens_nothing(
    root: Root, kind: str, place_of: Callable[[str], Place]
) -> None:
    other = place_of(kind).create()
    assert code_of(lambda: other.unwrap(root.wrap(KEY, PLACE), PLACE)) == "root_unwrap_failed"


def test_a_batch_answers_in_its_order(root: Root) -> None:
    items = [(secrets.token_bytes(32), b"place %d" % number) for number in range(BATCH + 3)]
    wraps = root.wrap_many(items)
    assert len(set(wraps)) == len(items)
    placed = list(zip(wraps, (context for _, context in items), strict=True))
    shuffled = placed[::-1]
    assert root.unwrap_many(shuffled) == [key for key, _ in items][::-1]
    assert root.unwrap(*placed[1]) == items[1][0]


def test_one_bad_item_fails_its_batch(root: Root) -> None:
    wraps = root.wrap_many([(KEY, b"a"), (KEY, b"b")])
    assert code_of(lambda: root.unwrap_many([(wraps[0], b"a"), (wraps[1], b"c")])) == "root_unwrap_failed"
    assert code_of(lambda: root.unwrap_many([(wraps[0], b"b"), (wraps[1], b"a")])) == "root_unwrap_failed"


def test_an_empty_batch_is_an_empty_answer(root: Root) -> None:
    assert root.wrap_many([]) == [] == root.unwrap_many([])


def test_only_whole_keys_are_wrapped(root: Root) -> None:
    for key in (b"", KEY[:16], KEY + b"\x00"):
        assert code_of(lambda key=key: root.wrap(key, PLACE)) == "bad_key"


def test_the_same_key_is_wrapped_differently_each_time(root: Root) -> None:
    assert root.wrap(KEY, PLACE) != root.wrap(KEY, PLACE)


def test_no_secret_in_names_errors_or_logs(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    root = place.create()
    wrapped = root.wrap(KEY, PLACE)
    said = [root.name, repr(root), repr(place.open())]
    place.open().unwrap(wrapped, PLACE)
    with pytest.raises(CoffreError) as caught:
        root.unwrap(wrapped, b"elsewhere")
    said += [str(caught.value), repr(caught.value), repr(caught.value.__cause__), caplog.text]
    told = "\n".join(said)
    for secret in (*place.environ.values(), place.passphrase or PASSPHRASE):
        if not secret.startswith("/"):
            assert secret not in told
    for form in (KEY.hex(), repr(KEY)[2:-1], "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"):
        assert form not in told


class TestUnreachable:
    """Each engine that is gone answers with a code and the way out, never with a trace of its client."""

    def test_transit(self) -> None:
        place = Place(f"transit:http://127.0.0.1:{free_port()}/transit/key", {"COFFRE_VAULT_TOKEN": "t"})
        assert code_of(place.open) == code_of(place.create) == "root_unreachable"

    def test_aws_kms(self, moto: MotoKms, monkeypatch: pytest.MonkeyPatch) -> None:
        for variable, value in moto.environ.items():
            monkeypatch.setenv(variable, value)
        gone = f"aws-kms:alias/x?region=eu-west-3&endpoint=http://127.0.0.1:{free_port()}"
        assert code_of(Place(gone, {}).open) == "root_unreachable"

    def test_pkcs11(self) -> None:
        place = Place("pkcs11:token=a;object=b?module-path=/no/such/library.so", {"COFFRE_VAULT_PIN": "1"})
        assert code_of(place.open) == "root_unreachable"

    def test_file(self, tmp_path: Path) -> None:
        assert code_of(Place(f"file:{tmp_path}/none", {}).open) == "root_file_missing"
        assert code_of(Place(f"quorum:{tmp_path}/none", {}).open) == "root_file_missing"


class TestRefused:
    """A wrong token, PIN or credential is told apart from an engine that is gone."""

    def test_a_wrong_token(self, open_bao: OpenBao) -> None:
        Place(open_bao.url("refused"), open_bao.environ).create()
        wrong = Place(open_bao.url("refused"), {"COFFRE_VAULT_TOKEN": "another"})
        assert code_of(wrong.open) == "root_refused"

    def test_a_wrong_pin(self, soft_hsm: SoftHsm) -> None:
        Place(soft_hsm.url("refused"), soft_hsm.environ).create()
        wrong = Place(soft_hsm.url("refused"), {"COFFRE_VAULT_PIN": "0000"})
        assert code_of(wrong.open) == "root_refused"

    @pytest.mark.parametrize("scheme", ["pkcs11", "transit"])
    def test_no_secret_at_all(self, scheme: str, place_of: Callable[[str], Place]) -> None:
        place = place_of(scheme)
        place.environ = {}
        assert code_of(place.open) == "root_secret_missing"

    @pytest.mark.parametrize("scheme", ["pkcs11", "transit", "aws-kms"])
    def test_a_key_that_is_not_there(self, scheme: str, place_of: Callable[[str], Place]) -> None:
        assert code_of(place_of(scheme).open) == "root_key_missing"

    def test_a_key_that_leaves_the_engine_is_no_root(self, open_bao: OpenBao) -> None:
        open_bao.ask("POST", "transit/keys/leaving", {"type": "aes256-gcm96", "exportable": True})
        assert code_of(Place(open_bao.url("leaving"), open_bao.environ).open) == "root_refused"

    def test_the_key_in_the_token_never_leaves_it(self, soft_hsm: SoftHsm) -> None:
        import pkcs11

        Place(soft_hsm.url("kept"), soft_hsm.environ).create()
        token = pkcs11.lib(soft_hsm.module).get_token(token_label=soft_hsm.token)
        with token.open(user_pin=soft_hsm.environ["COFFRE_VAULT_PIN"]) as session:
            key = session.get_key(label="kept")
            assert key[pkcs11.Attribute.NEVER_EXTRACTABLE]
            with pytest.raises(pkcs11.exceptions.PKCS11Error):
                key[pkcs11.Attribute.VALUE]

    def test_no_credentials_for_kms(
        self, moto: MotoKms, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            monkeypatch.setenv(name, str(tmp_path / "none"))
        assert code_of(Place(moto.url(), {}).open) == "root_refused"

    @pytest.mark.parametrize(
        ("answer", "status", "code"),
        [
            ("AccessDeniedException", 400, "root_refused"),
            ("UnrecognizedClientException", 400, "root_refused"),
            ("ExpiredTokenException", 400, "root_refused"),
            ("ThrottlingException", 400, "root_unreachable"),
            ("KMSInternalException", 500, "root_unreachable"),
            ("DisabledException", 409, "root_key_missing"),
            ("IncorrectKeyException", 400, "root_unwrap_failed"),
        ],
    )
    def test_what_kms_says_becomes_a_code(
        self, place_of: Callable[[str], Place], answer: str, status: int, code: str
    ) -> None:
        from botocore.stub import Stubber

        root = place_of("aws-kms").create()
        with Stubber(root._client) as kms:  # type: ignore[attr-defined]
            kms.add_client_error("generate_data_key", answer, "arn of somebody", status)
            with pytest.raises(CoffreError) as caught:
                root.wrap(KEY, PLACE)
        assert caught.value.code == code
        assert "arn of somebody" not in str(caught.value)

    def test_a_disabled_key_of_kms(self, place_of: Callable[[str], Place], moto: MotoKms) -> None:
        import boto3

        place = place_of("aws-kms")
        place.create()
        kms = boto3.session.Session().client("kms", region_name="eu-west-3", endpoint_url=moto.endpoint)
        alias = place.url.removeprefix("aws-kms:").partition("?")[0]
        kms.disable_key(KeyId=kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"])
        assert code_of(place.open) == "root_key_missing"

    def test_a_key_that_can_leave_the_token_is_no_root(self, soft_hsm: SoftHsm) -> None:
        import pkcs11

        token = pkcs11.lib(soft_hsm.module).get_token(token_label=soft_hsm.token)
        with token.open(rw=True, user_pin=soft_hsm.environ["COFFRE_VAULT_PIN"]) as session:
            leaving = {pkcs11.Attribute.EXTRACTABLE: True}
            session.generate_key(pkcs11.KeyType.AES, 256, label="leaving", store=True, template=leaving)
        assert code_of(Place(soft_hsm.url("leaving"), soft_hsm.environ).open) == "root_refused"


def test_kms_takes_one_call_a_batch_and_logs_the_place(place_of: Callable[[str], Place]) -> None:
    root = place_of("aws-kms").create()
    asked: list[dict[str, str]] = []
    root._client.meta.events.register(  # type: ignore[attr-defined]
        "provide-client-params.kms.*", lambda params, **_: asked.append(params["EncryptionContext"])
    )
    items = [(KEY, b"%d" % number) for number in range(2 * BATCH)]
    wraps = root.wrap_many(items)
    root.unwrap_many([(wrap, context) for wrap, (_, context) in zip(wraps, items, strict=True)])
    root.wrap(KEY, PLACE)
    assert [list(context) for context in asked] == [["coffre-contexts"]] * 4 + [["coffre-context"]]
    assert asked[4] == {"coffre-context": b64(PLACE)}
    assert asked[:2] == asked[2:4]


def test_transit_over_tls_under_a_ca_of_the_house(tmp_path: Path) -> None:
    with openbao.running(tmp_path / "bao", tls=True) as bao:
        place = Place(bao.url(), bao.environ)
        wrapped = place.create().wrap(KEY, PLACE)
        assert place.open().unwrap(wrapped, PLACE) == KEY
        unknown_ca = Place(bao.url().partition("?")[0], bao.environ)
        assert code_of(unknown_ca.open) == "root_unreachable"


def test_a_token_file_is_read_at_each_use(open_bao: OpenBao, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.touch(0o600)
    file.write_text(open_bao.token)
    place = Place(open_bao.url("renewed"), {"COFFRE_VAULT_TOKEN_FILE": str(file)})
    root = place.create()
    file.write_text("expired")
    assert code_of(lambda: root.wrap(KEY, PLACE)) == "root_refused"
    file.write_text(open_bao.token + "\n")
    root.wrap(KEY, PLACE)


def test_old_wraps_open_after_the_engine_rotated_its_key(open_bao: OpenBao) -> None:
    root = Place(open_bao.url("rotated"), open_bao.environ).create()
    before = root.wrap(KEY, PLACE)
    open_bao.ask("POST", "transit/keys/rotated/rotate")
    after = root.wrap(KEY, PLACE)
    assert (before[:4], after[:4]) == (b"\0\0\0\1", b"\0\0\0\2")
    assert root.unwrap_many([(before, PLACE), (after, PLACE)]) == [KEY, KEY]


def test_losing_either_of_two_roots_opens_nothing(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a", "b", "c")]
    both = Place(f"combined:file:{paths[0]}+file:{paths[1]}", {}).create()
    wrapped = both.wrap(KEY, PLACE)
    Place(f"file:{paths[2]}", {}).create()
    for first, second in ((0, 2), (2, 1), (1, 0)):
        other = Place(f"combined:file:{paths[first]}+file:{paths[second]}", {}).open()
        assert code_of(lambda other=other: other.unwrap(wrapped, PLACE)) == "root_unwrap_failed"


def test_halves_of_two_wraps_of_one_place_do_not_mix(tmp_path: Path) -> None:
    both = Place(f"combined:file:{tmp_path}/a+file:{tmp_path}/b", {}).create()
    one, other = both.wrap(KEY, PLACE), both.wrap(KEY, PLACE)
    assert code_of(lambda: both.unwrap(one[:62] + other[62:], PLACE)) == "root_unwrap_failed"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:",
        "vault:x",
        "/var/root",
        "transit:http://bao.example/transit/key",
        "transit:https://me:word@bao.example/transit/key",
        "transit:https://bao.example/transit/key?token=abc",
        "transit:https://bao.example/key",
        "pkcs11:token=a;object=b?module-path=/x&pin-value=1234",
        "pkcs11:token=a?module-path=/x",
        "pkcs11:token=a;object=b",
        "aws-kms:alias/a?secret_access_key=abc",
        "aws-kms:",
        "combined:file:a",
        "combined:file:a+file:b+file:c",
        "combined:combined:file:a+file:b",
        "quorum:a?needed=two",
    ],
)
def test_a_bad_url_is_refused_and_not_repeated(url: str) -> None:
    for use in (open_root, create_root):
        with pytest.raises(Invalid) as caught:
            use(url, environ={"COFFRE_VAULT_TOKEN": "t", "COFFRE_VAULT_PIN": "1"})
        assert caught.value.code == "root_url_invalid"
        assert "abc" not in str(caught.value)
        assert "word" not in str(caught.value)
