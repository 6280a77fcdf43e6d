"""A root in a hardware security module, through its PKCS #11 library.

AES-256-GCM inside the token, the context as associated data: the key is made there, sensitive and never
extractable. A session is opened per batch and closed again, so that none is held that the module has lost and
the logged-in time is short. A wrap is `nonce(12) || ciphertext(32) || tag(16)`.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from keyvault.crypto.envelope import WRAP_SIZE, new_key
from keyvault.roots.ports import (
    CONTEXT_LABEL,
    Root,
    RootError,
    check_keys,
    key_missing,
    refused,
    unreachable,
    unwrap_failed,
)

if TYPE_CHECKING:
    from pkcs11 import Session

_NONCE, _TAG_BITS = 12, 128
# a PKCS #11 library is one per process, and so is the login
_ONE_AT_A_TIME = threading.Lock()


class Pkcs11Root(Root):
    """One AES key of one token. `module` is the path of the library, `pin` is asked for at each batch."""

    def __init__(self, module: str, token: str, label: str, pin: Callable[[], str]) -> None:
        self._module = module
        self._token = token
        self._label = label
        self._pin = pin

    def __repr__(self) -> str:
        return f"Pkcs11Root({self.name})"

    @property
    def name(self) -> str:
        """`pkcs11:` with the token's and the key's labels."""
        return f"pkcs11:token={self._token};object={self._label}"

    @classmethod
    def create(cls, module: str, token: str, label: str, pin: Callable[[], str]) -> Self:
        """Makes the key in the token; one that is there is taken."""
        root = cls(module, token, label, pin)
        with root._session(rw=True) as session:
            root._make_unless_there(session)
        return cls.open(module, token, label, pin)

    @classmethod
    def open(cls, module: str, token: str, label: str, pin: Callable[[], str]) -> Self:
        """Checks that the token opens and holds the key, not extractable."""
        root = cls(module, token, label, pin)
        with root._session() as session:
            root._check(root._key(session))
        return root

    def wrap_many(self, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """One session; one operation of the module per key."""
        check_keys(items)
        with self._session() as session:
            held = self._key(session)
            return [_encrypt(held, key, context) for key, context in items]

    def unwrap_many(self, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """One session; one operation of the module per key."""
        if any(len(wrapped) != WRAP_SIZE for wrapped, _ in items):
            raise unwrap_failed()
        with self._session() as session:
            held = self._key(session)
            return [_decrypt(held, wrapped, context) for wrapped, context in items]

    def _make_unless_there(self, session: "Session") -> None:
        from pkcs11 import Attribute, KeyType  # noqa: PLC0415

        try:
            self._key(session)
        except RootError as error:
            if error.code != "root_key_missing":
                raise
            attributes = {
                Attribute.SENSITIVE: True,
                Attribute.EXTRACTABLE: False,
                Attribute.WRAP: False,
                Attribute.UNWRAP: False,
                Attribute.MODIFIABLE: False,
            }
            session.generate_key(KeyType.AES, 256, label=self._label, store=True, template=attributes)

    def _key(self, session: "Session") -> Any:
        from pkcs11 import KeyType, ObjectClass  # noqa: PLC0415
        from pkcs11.exceptions import MultipleObjectsReturned, NoSuchKey  # noqa: PLC0415

        try:
            found: Any = session.get_key(
                object_class=ObjectClass.SECRET_KEY, key_type=KeyType.AES, label=self._label
            )
        except (NoSuchKey, MultipleObjectsReturned):
            raise key_missing(self.name) from None
        return found

    def _check(self, key: Any) -> None:
        from pkcs11 import Attribute  # noqa: PLC0415

        if key[Attribute.EXTRACTABLE] or not key[Attribute.SENSITIVE] or key[Attribute.VALUE_LEN] != 32:
            raise refused(self.name, "the root is a 256-bit AES key, sensitive and not extractable")

    @contextmanager
    def _session(self, *, rw: bool = False) -> Iterator["Session"]:
        import pkcs11  # noqa: PLC0415 - in the extra `engines`
        from pkcs11 import exceptions as failures  # noqa: PLC0415

        wrong_pin = (
            failures.PinIncorrect,
            failures.PinInvalid,
            failures.PinLenRange,
            failures.PinLocked,
            failures.PinExpired,
        )
        pin = self._pin()
        with _ONE_AT_A_TIME:
            try:
                token = pkcs11.lib(self._module).get_token(token_label=self._token)
                with token.open(rw=rw, user_pin=pin) as session:
                    yield session
            except wrong_pin:
                raise refused(self.name, "the PIN is wrong or locked") from None
            except (failures.NoSuchToken, failures.MultipleTokensReturned):
                raise key_missing(self.name) from None
            except RuntimeError:  # every failure of python-pkcs11 is one; a library that does not load, too
                raise unreachable(self.name) from None


def _encrypt(held: Any, key: bytes, context: bytes) -> bytes:
    from pkcs11 import GCMParams, Mechanism  # noqa: PLC0415

    nonce = new_key()[:_NONCE]
    place = GCMParams(nonce, CONTEXT_LABEL + context, _TAG_BITS)
    return nonce + bytes(held.encrypt(key, mechanism=Mechanism.AES_GCM, mechanism_param=place))


def _decrypt(held: Any, wrapped: bytes, context: bytes) -> bytes:
    from pkcs11 import GCMParams, Mechanism  # noqa: PLC0415
    from pkcs11.exceptions import EncryptedDataInvalid, FunctionFailed, GeneralError  # noqa: PLC0415

    place = GCMParams(wrapped[:_NONCE], CONTEXT_LABEL + context, _TAG_BITS)
    try:
        return bytes(held.decrypt(wrapped[_NONCE:], mechanism=Mechanism.AES_GCM, mechanism_param=place))
    except (EncryptedDataInvalid, FunctionFailed, GeneralError):
        # modules disagree on what they call a tag that does not match
        raise unwrap_failed() from None
