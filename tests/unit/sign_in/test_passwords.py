"""Passwords: which are refused, how they are kept, and that the cost is the same where there is none."""

import time
from pathlib import Path

import pytest

from keyvault.credentials.password_hashes import ITERATIONS, MEMORY_KIB, PasswordHashes
from records.errors import CoffreError, Invalid
from sign_in.accounts.known_passwords import KnownPasswords
from sign_in.accounts.passwords import Passwords

CHEAP = PasswordHashes(memory_kib=64, iterations=1)


@pytest.mark.parametrize(
    "password",
    [
        "motdepasse2024!",
        "P@ssw0rd123456",
        "azerty azerty azerty",
        "soleilsoleil",
        "123456789012",
        "liberté égalité fraternité",
    ],
)
def test_known_passwords_are_found_however_they_are_dressed_up(password: str) -> None:
    assert KnownPasswords()(password)


@pytest.mark.parametrize(
    "password", ["quatre mots sans rapport", "le cheval bleu du 14 juillet", "ÔkuP7-vrm2w"]
)
def test_others_are_not(password: str) -> None:
    assert not KnownPasswords()(password)


def test_few_others_are_taken_for_known() -> None:
    known = KnownPasswords()
    assert sum(known(f"mot numero {n} choisi au hasard {n * 7919}") for n in range(20_000)) <= 10


@pytest.mark.parametrize("content", [b"", b"coffre-known-passwords-v1\0", b"x" * 100])
def test_a_damaged_list_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list"
    path.write_bytes(content)
    with pytest.raises(CoffreError) as error:
        KnownPasswords(path)("quatre mots sans rapport")
    assert error.value.code == "password_list_damaged"


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("a" * 11, "password_short"),
        ("ab" * 65, "password_long"),
        ("aaaaaaaaaaaab", "password_known"),
        ("mon K7QM4TX2B9 à moi", "password_known"),
    ],
)
def test_a_poor_password_is_refused(password: str, code: str) -> None:
    with pytest.raises(CoffreError) as error:
        Passwords(CHEAP, lambda _: False).choose(password, beside="K7QM4TX2B9")
    assert error.value.code == code


def test_a_password_is_right_however_a_keyboard_composes_it() -> None:
    passwords = Passwords(CHEAP, lambda _: False)
    kept = passwords.choose("été à la plage ici")
    assert kept.startswith("$argon2id$v=19$")
    assert passwords.holds("e\u0301te\u0301 a\u0300 la plage ici", kept)
    assert not passwords.holds("ete a la plage ici", kept)
    assert kept != passwords.choose("été à la plage ici"), "each has a salt of its own"


def test_no_password_is_right_where_none_is_kept_and_costs_as_much() -> None:
    passwords = Passwords(PasswordHashes(memory_kib=MEMORY_KIB // 4, iterations=ITERATIONS), lambda _: False)
    kept = passwords.choose("quatre mots sans rapport")
    cost = {None: 0.0, kept: 0.0}
    for _ in range(5):
        for each in cost:
            began = time.thread_time()
            assert not passwords.holds("un autre mot de passe", each)
            cost[each] += time.thread_time() - began
    assert 0.5 < cost[None] / cost[kept] < 2


def test_a_kept_hash_that_cannot_be_read_is_told() -> None:
    with pytest.raises(CoffreError) as error:
        Passwords(CHEAP, lambda _: False).holds(
            "quatre mots sans rapport", "$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAA"
        )
    assert error.value.code == "unseal_failed"


def test_a_password_of_marks_without_end_is_judged_at_once() -> None:
    """While letters are put in order no other thread works."""
    marks = "a" + "\u0315" * 15_000 + "\u0300" * 15_000
    passwords, began = Passwords(CHEAP, lambda _: False), time.perf_counter()
    assert not passwords.holds(marks, None)
    with pytest.raises(Invalid):
        passwords.choose(marks)
    assert time.perf_counter() - began < 3
