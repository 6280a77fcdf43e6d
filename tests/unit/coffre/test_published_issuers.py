"""How processes follow the list of issuers that the vault publishes: seldom, and soon for a new one."""

from dataclasses import dataclass

from coffre.serving.callers.authentication import FRESH_S, MISSED_S, PublishedList
from keyvault.credentials.issuers import Issuer
from keyvault.credentials.issuers_document import signed_issuers
from keyvault.crypto.signing import new_signing_key, sign
from records.vocabulary.codes import Role
from tests.unit.keyvault.test_issuers import DOCTORS, NOW, PATIENTS, issuer

PRIVATE, PUBLIC = new_signing_key()
ONE, OTHER = issuer(PATIENTS, Role.PATIENT), issuer(DOCTORS, Role.PROFESSIONAL)


@dataclass
class Index:
    listed: list[Issuer]
    asked: int = 0

    def issuers(self) -> str:
        self.asked += 1
        return signed_issuers(self.listed, NOW, PUBLIC, lambda data: sign(PRIVATE, data))


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


def test_a_known_issuer_is_believed_for_a_while_without_a_look() -> None:
    index, clock = Index([ONE]), Clock()
    published = PublishedList(index, PUBLIC, clock)
    for _ in range(3):
        assert published.find(PATIENTS, None) == ONE
        clock.now += FRESH_S / 4
    assert index.asked == 1
    clock.now += FRESH_S / 4
    assert published.find(PATIENTS, None) == ONE
    assert index.asked == 2


def test_one_that_was_added_counts_soon() -> None:
    index, clock = Index([ONE]), Clock()
    published = PublishedList(index, PUBLIC, clock)
    assert published.find(PATIENTS, None) == ONE
    index.listed.append(OTHER)
    clock.now += 2 * MISSED_S
    assert published.find(DOCTORS, None) == OTHER


def test_an_invented_one_has_the_index_asked_some_times_a_second() -> None:
    index, clock = Index([ONE]), Clock()
    published = PublishedList(index, PUBLIC, clock)
    for _ in range(1000):
        assert published.find("https://nobody.example", None) is None
        clock.now += 0.001
    assert index.asked <= 1 / MISSED_S + 1
