"""The places of an installation's parts: addresses from the settings, files below the data directory."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from coffre.settings import Settings
from keyvault.credentials.private_files import check_mode
from records.errors import CoffreError
from records.text.plain_text import text_of
from storage.migrations.revisions import Branch


@dataclass(frozen=True, slots=True)
class Places:
    """The places of an installation: the addresses of the settings, else under the data directory."""

    settings: Settings

    @property
    def data(self) -> Path:
        return self.settings.data

    @property
    def index(self) -> str:
        return self.settings.index_url or self._database("index.db")

    @property
    def vault(self) -> str:
        return self.settings.vault_store_url or self._database("vault", "vault.db")

    @property
    def day_keys(self) -> str:
        return self.settings.day_keys_url or self._database("vault", "day-keys.db")

    @property
    def objects(self) -> str:
        return self.settings.objects_url or f"file://{(self.data / 'objects').absolute()}"

    def _database(self, *names: str) -> str:
        return f"sqlite:///{quote(str(self.data.joinpath(*names).absolute()))}"

    @property
    def accounts(self) -> str:
        return self.settings.accounts_url or self._database("sign-in", "accounts.db")

    @property
    def accounts_key(self) -> Path:
        """The key of accounts: without it nobody signs in with a password again."""
        return self.data / "sign-in" / "accounts.key"

    @property
    def issuer_key(self) -> Path:
        """What signs the credentials of those whom the sign-in has recognised."""
        return self.data / "sign-in" / "issuer.key"

    @property
    def next_issuer_key(self) -> Path:
        """What follows it, once the vault accepts it."""
        return self.issuer_key.with_name("issuer.next.key")

    @property
    def url_key(self) -> Path:
        return self.data / "reader" / "url.key"

    @property
    def page_key(self) -> Path:
        """With which the page process proves the calls of who is signed in; for pages and intake."""
        return self.data / "pages" / "proof.key"

    @property
    def readers_page_key(self) -> Path:
        """The same key in the reader's own folder, for what viewers ask of it in a session."""
        return self.url_key.with_name("proof.key")

    @property
    def page_thumbprint(self) -> Path:
        """The name of that key, which a credential of the pages is bound to; anybody may read it."""
        return self.data / "pages.thumbprint"

    @property
    def authority_key(self) -> Path:
        return self.data / "authority" / "signing.key"

    @property
    def officer_key(self) -> Path:
        """Outside the data directory: whoever steals that must not read who did what."""
        data = self.data.absolute()
        return data.with_name(f"{data.name}-officer.key")

    def share(self, number: int) -> Path:
        """One holder's share of a quorum root: outside the data directory, to be handed over and removed."""
        data = self.data.absolute()
        return data.with_name(f"{data.name}-share-{number}.txt")

    @property
    def complete(self) -> Path:
        """What every process may know of this Coffre. Written last: what lacks it is half made."""
        return self.data / "coffre"

    def check_complete(self) -> None:
        """Raises `CoffreError` "not_initialised"."""
        if not self.complete.exists():
            raise CoffreError(
                f"There is no Coffre in {self.data}: run coffre init --data {self.data}.",
                code="not_initialised",
            )


@contextmanager
def naming(branch: Branch) -> Iterator[None]:
    """Say of an error which of the databases it is about; never its address, which may hold a
    password.
    """
    try:
        yield
    except CoffreError as error:
        error.sentence = f"The {branch.replace('_', ' ')} database: {error.sentence}"
        raise


def read_secret(path: Path) -> bytes:
    """Of a key's file. Raises `CoffreError` "key_file_missing", "key_file_damaged", "secret_readable"."""
    try:
        check_mode(path)
        return bytes.fromhex(text_of(path.read_bytes()))
    except FileNotFoundError:
        raise CoffreError(
            f"{path} is missing: restore it from where you keep it.", code="key_file_missing"
        ) from None
    except ValueError:
        raise CoffreError(
            f"{path} holds no key: restore it from where you keep it.", code="key_file_damaged"
        ) from None
