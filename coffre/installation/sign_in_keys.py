"""Keys of the sign-in: that of accounts, that of the issuer that it is, and the one that follows: the vault
accepts it first.
"""

import secrets
import time

from coffre.installation.identity import Identity
from coffre.installation.places import Places, read_secret
from keyvault.credentials import private_files
from keyvault.credentials.authority import Authority
from keyvault.credentials.issuers import Issuer, Issuers
from records.errors import Conflict, Invalid
from records.vocabulary.codes import Environment

FOLDER_MODE = 0o700
ISSUER = "coffre-sign-in"


def make_keys(places: Places, environment: Environment) -> None:
    """Those that are missing: the key of accounts, and the key that signs what doors have proven.

    In demo and test that is the key of the demo authority, the one that their vault accepts.
    """
    folder = places.accounts_key.parent
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    folder.chmod(FOLDER_MODE)
    own = environment is Environment.PRODUCTION
    issuer = secrets.token_hex(32) if own else read_secret(places.authority_key).hex()
    for path, key in ((places.accounts_key, secrets.token_hex(32)), (places.issuer_key, issuer)):
        if not path.exists():
            private_files.create(path, key)


def issuer_of(places: Places, identity: Identity) -> Authority:
    """The issuer that the sign-in is. Raises CoffreError "key_file_missing"."""
    is_production = identity.environment is Environment.PRODUCTION
    return Authority(
        read_secret(places.issuer_key),
        environment=identity.environment,
        issuer=ISSUER if is_production else identity.issuer,
    )


def next_issuer(places: Places, identity: Identity) -> Authority:
    """That of the next key, drawn where there is none. Raises `Invalid` "demo_key"."""
    if identity.environment is not Environment.PRODUCTION:
        raise Invalid(
            "In demo and test the sign-in signs with the key of the demo authority, which stays.",
            code="demo_key",
        )
    if not places.next_issuer_key.exists():
        private_files.create(places.next_issuer_key, secrets.token_hex(32))
    return Authority(read_secret(places.next_issuer_key), environment=identity.environment, issuer=ISSUER)


def change_key(places: Places, identity: Identity, accepted: Issuers) -> str:
    """Put the next key in the place of the present one; answers its id. Said again after a cut it ends well.

    Raises `Invalid` "demo_key", `Conflict` "no_next_key", "key_not_accepted" or "next_key_narrow".
    """
    if not places.next_issuer_key.exists() and identity.environment is Environment.PRODUCTION:
        raise Conflict(
            "There is no next key: coffre signin key --next --out FILE draws it.", code="no_next_key"
        )
    new = next_issuer(places, identity)
    present = Authority(read_secret(places.issuer_key), environment=identity.environment, issuer=ISSUER)
    known = accepted.find(ISSUER, new.key_id)
    if known is None:
        raise Conflict(
            f"The vault does not know the next key: two operators add it first, coffre issuers add {ISSUER}.",
            code="key_not_accepted",
        )
    if not _serves(known, accepted.find(ISSUER, present.key_id), int(time.time())):
        places.next_issuer_key.unlink()  # a key is added once
        raise Conflict(
            "The vault accepts the next key for less than the present one says. It is thrown away: draw "
            "another with coffre signin key --next, and have it added with the same roles and claims.",
            code="next_key_narrow",
        )
    private_files.replace(places.issuer_key, places.next_issuer_key.read_bytes())
    places.next_issuer_key.unlink()
    return new.key_id


def _serves(new: Issuer, present: Issuer | None, now: int) -> bool:
    """Whoever comes in by the present key comes in by the new one as well."""
    says_all = present is None or (present.roles <= new.roles and present.claims <= new.claims)
    return says_all and new.not_before <= now and new.lasts_beyond(now)
