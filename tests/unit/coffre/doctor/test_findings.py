"""What the doctor says of facts, and that it says nothing where all is well."""

from typing import Any

import pytest

from coffre.doctor.findings import CHECKS, of_certificate, of_disk, of_proxies, of_revocation_list, of_status

WELL: dict[str, Any] = {
    "queue": {"waiting": 3, "oldest_s": 20},
    "log_size": 5_000,
    "log_pending": 3,
    "log_signed": 5_000,
    "log_shipped": 4_990,
    "frozen": False,
    "issuers_new": [],
    "months_missing": [],
    "letters": {"waiting": 2, "oldest_s": 3 * 86_400},
    "doors_past_threshold": [],
    "root_rotation_running": False,
    "notices_oldest_waiting_s": 40,
}


def test_where_all_is_well_it_says_nothing() -> None:
    assert list(of_status(WELL)) == []
    assert list(of_status({**WELL, "log_shipped": None, "notices_oldest_waiting_s": None})) == []
    assert list(of_disk("/srv", 50, 100)) == list(of_certificate("c", 40)) == []


@pytest.mark.parametrize(
    ("wrong", "check"),
    [
        ({"frozen": True}, "frozen"),
        ({"log_signed": 3_000, "log_shipped": 3_000}, "log_unsigned"),
        ({"log_shipped": 3_000}, "log_unshipped"),
        ({"queue": {"waiting": 9, "oldest_s": 1_000}}, "queue"),
        ({"notices_oldest_waiting_s": 7_200}, "notices"),
        ({"issuers_new": ["who"]}, "issuer_new"),
        ({"issuers_ending": ["who on 2027-12-31"]}, "issuer_ending"),
        ({"months_missing": [202701]}, "months"),
        ({"letters": {"waiting": 2, "oldest_s": 4 * 86_400 + 1}}, "letters"),
        ({"doors_past_threshold": ["password_wrong"]}, "doors"),
        ({"root_rotation_running": True}, "root_rotation"),
    ],
)
def test_each_thing_that_is_wrong_is_one_finding_with_what_to_do(wrong: dict[str, Any], check: str) -> None:
    (found,) = of_status({**WELL, **wrong})
    assert found.check == check
    assert found.check in CHECKS
    assert found.sentence and found.remedy


@pytest.mark.parametrize(
    ("days", "words"), [(1.0, "ends in 1 days"), (-3.0, "ended 3 days ago"), (None, "is no certificate")]
)
def test_a_certificate_that_ends_is_told_before_and_after(days: float | None, words: str) -> None:
    (found,) = of_certificate("/etc/coffre/tls/process.crt", days)
    assert words in found.sentence


@pytest.mark.parametrize(
    ("hours", "words"), [(5.0, "ends in 5 hours"), (-3.0, "ended 3 hours ago"), (None, "no revocation list")]
)
def test_a_revocation_list_is_told_before_and_after(hours: float | None, words: str) -> None:
    assert list(of_revocation_list("CN=AC", 25)) == []
    (found,) = of_revocation_list("CN=AC", hours)
    assert words in found.sentence


def test_processes_that_take_their_proxy_for_everybody_are_named() -> None:
    assert list(of_proxies([])) == []
    (found,) = of_proxies(["reader", "signin"])
    assert found.check == "proxies" and found.sentence.startswith("reader, signin: ")


def test_a_disk_is_told_before_it_is_full() -> None:
    (found,) = of_disk("/srv", 4, 100)
    assert "4 % are free" in found.sentence
