"""A root in AWS KMS. Credentials come from boto3's usual places, never from the URL.

KMS takes one key a call and a vault has thousands of shard keys: so each batch of up to 500 asks KMS for one
data key, which wraps the batch here with AES-256-GCM, every key's own context as associated data. KMS binds
the data key to its batch by the encryption context, which it checks and logs: `{"coffre-context": context}`
for a key on its own, `{"coffre-contexts": SHA-256 of the contexts' SHA-256s}` for several. A wrap is
`be16(n) KMS ciphertext(n) SHA-256 of the SHA-256s(32) wrap(60)`.
"""

import hashlib
import logging
from collections.abc import Callable, Sequence
from typing import Any, Self

from keyvault.crypto.envelope import WRAP_SIZE, KeyvaultError, new_key, unwrap, wrap
from keyvault.roots.addresses import check_kms
from keyvault.roots.ports import (
    CONTEXT_LABEL,
    Root,
    RootError,
    batches,
    check_keys,
    key_missing,
    refused,
    unreachable,
    unwrap_failed,
)
from records.errors import Invalid
from records.text.base64url import b64

TIMEOUT = 10  # seconds
_DIGEST = 32
_TRIAL = b"coffre-root-trial-v1\0"
_WRONG = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
_MISSING = frozenset({"NotFoundException", "DisabledException", "KMSInvalidStateException"})
_BUSY = frozenset({"ThrottlingException", "KMSInternalException", "DependencyTimeoutException"})


class AwsKmsRoot(Root):
    """One symmetric key of KMS, by ARN, id or `alias/name`."""

    def __init__(self, key: str, *, region: str | None = None, endpoint: str | None = None) -> None:
        self._key = key
        self._name = f"aws-kms:{key}"
        self._client = _client(region, endpoint)
        # the region may have come from the environment or a profile
        check_kms(key, self._client.meta.region_name, self._client.meta.endpoint_url)

    def __repr__(self) -> str:
        return f"AwsKmsRoot({self._name})"

    @property
    def name(self) -> str:
        """`aws-kms:` and the key's ARN, id or alias."""
        return self._name

    @classmethod
    def create(cls, key: str, *, region: str | None = None, endpoint: str | None = None) -> Self:
        """Takes the key that is there; where an alias is new, makes a key for it, rotated every year."""
        root = cls(key, region=region, endpoint=endpoint)
        try:
            root._check()
        except RootError as error:
            if error.code != "root_key_missing" or not key.startswith("alias/"):
                raise
            root._ask(root._make)
        return cls.open(key, region=region, endpoint=endpoint)

    @classmethod
    def open(cls, key: str, *, region: str | None = None, endpoint: str | None = None) -> Self:
        """Checks that the key is there, enabled, and ours to use."""
        root = cls(key, region=region, endpoint=endpoint)
        root._check()
        root.unwrap(root.wrap(new_key(), _TRIAL), _TRIAL)
        return root

    def wrap_many(self, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """One call of KMS per 500 keys."""
        check_keys(items)
        return [wrapped for batch in batches(items) for wrapped in self._wrap_batch(batch)]

    def unwrap_many(self, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """One call of KMS per batch that the wraps were made in."""
        opened: dict[tuple[bytes, bytes], bytes] = {}
        keys = []
        for wrapped, context in items:
            sealed, digest, own = _split(wrapped)
            if (sealed, digest) not in opened:
                opened[sealed, digest] = self._open(sealed, digest, context)
            try:
                keys.append(unwrap(opened[sealed, digest], own, CONTEXT_LABEL + context))
            except KeyvaultError:
                raise unwrap_failed() from None
        return keys

    def _wrap_batch(self, batch: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        digest = _digest([context for _, context in batch])
        place = _encryption_context(digest, batch[0][1])
        made = self._ask(
            lambda: self._client.generate_data_key(KeyId=self._key, NumberOfBytes=32, EncryptionContext=place)
        )
        sealed: bytes = made["CiphertextBlob"]
        head = len(sealed).to_bytes(2, "big") + sealed + digest
        return [head + wrap(made["Plaintext"], key, CONTEXT_LABEL + context) for key, context in batch]

    def _open(self, sealed: bytes, digest: bytes, context: bytes) -> bytes:
        place = _encryption_context(digest, context)
        answer = self._ask(
            lambda: self._client.decrypt(KeyId=self._key, CiphertextBlob=sealed, EncryptionContext=place),
            # opening proved the right to decrypt: what is denied now names a key that KMS does not know
            wrong=_WRONG | {"AccessDeniedException"},
        )
        plaintext: bytes = answer["Plaintext"]
        return plaintext

    def _check(self) -> None:
        found = self._ask(lambda: self._client.describe_key(KeyId=self._key))["KeyMetadata"]
        if not found.get("Enabled"):
            raise key_missing(self._name)

    def _make(self) -> dict[str, Any]:
        made = self._client.create_key(Description="root of a Coffre", KeySpec="SYMMETRIC_DEFAULT")
        key_id = made["KeyMetadata"]["KeyId"]
        self._client.enable_key_rotation(KeyId=key_id)
        self._client.create_alias(AliasName=self._key, TargetKeyId=key_id)
        return dict(made)

    def _ask(self, call: Callable[[], dict[str, Any]], wrong: frozenset[str] = _WRONG) -> dict[str, Any]:
        from botocore.exceptions import (  # noqa: PLC0415 - in the extra `engines`
            BotoCoreError,
            ClientError,
            NoCredentialsError,
            PartialCredentialsError,
        )

        try:
            return call()
        except ClientError as error:
            raise self._told(error.response, wrong) from None
        except (NoCredentialsError, PartialCredentialsError):
            raise refused(self._name, "give it credentials (AWS_ACCESS_KEY_ID… or a role)") from None
        except BotoCoreError:
            raise unreachable(self._name) from None

    def _told(self, response: Any, wrong: frozenset[str]) -> Exception:
        code = response.get("Error", {}).get("Code", "")
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        if code in wrong:
            return unwrap_failed()
        if code in _MISSING:
            return key_missing(self._name)
        if code in _BUSY or status >= 500:
            return unreachable(self._name)
        return refused(self._name, "check the credentials, the region and the key's policy")


def _client(region: str | None, endpoint: str | None) -> Any:
    import boto3  # noqa: PLC0415 - in the extra `engines`
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import NoRegionError  # noqa: PLC0415

    # at DEBUG botocore writes whole answers to the log, and these hold keys
    logging.getLogger("botocore").setLevel(logging.INFO)
    config = Config(
        connect_timeout=TIMEOUT, read_timeout=TIMEOUT, retries={"mode": "standard", "max_attempts": 3}
    )
    # a session of its own: boto3's common one keeps the first credentials it found, and threads share it
    try:
        return boto3.session.Session().client("kms", region_name=region, endpoint_url=endpoint, config=config)
    except NoRegionError:
        raise Invalid("Say where the key is: aws-kms:…?region=eu-west-3.", code="root_url_invalid") from None


def _digest(contexts: Sequence[bytes]) -> bytes:
    each = b"".join(hashlib.sha256(context).digest() for context in contexts)
    return hashlib.sha256(each).digest()


def _encryption_context(digest: bytes, context: bytes) -> dict[str, str]:
    if digest == _digest([context]):
        return {"coffre-context": b64(context)}
    return {"coffre-contexts": b64(digest)}


def _split(wrapped: bytes) -> tuple[bytes, bytes, bytes]:
    size = 2 + int.from_bytes(wrapped[:2], "big")
    sealed, digest, own = wrapped[2:size], wrapped[size : size + _DIGEST], wrapped[size + _DIGEST :]
    if not sealed or len(own) != WRAP_SIZE:
        raise unwrap_failed()
    return sealed, digest, own
