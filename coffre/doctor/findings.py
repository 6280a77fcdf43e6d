"""Rules of `coffre doctor`: what of an installation's facts is wrong, and what to do. Nothing is opened."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from records.durations import DAY_MS

CHECKS: Mapping[str, str] = {
    "settings": "settings hold together",
    "status": "index and vault tell their state",
    "secret_files": "files of secrets are their owner's alone",
    "certificate": "no certificate ends within two weeks",
    "sockets": "the vault's sockets are its own",
    "proxies": "limits and pauses tell callers apart",
    "disk": "a twentieth of the disk or more is free",
    "frozen": "the vault decides",
    "log_unsigned": "the log is signed, the newest entries within seconds",
    "log_unshipped": "no checkpoint waits for a second place",
    "queue": "no deposit has waited for a quarter of an hour",
    "notices": "no notice has waited for an hour",
    "letters": "no letter has waited to be printed for four days",
    "months": "the index has room for this month and the next",
    "issuer_new": "no issuer was first seen within a week",
    "issuer_ending": "no issuer ends within a month without another for its roles",
    "revocation_lists": "no revocation list ends within a day",
    "doors": "no event of the doors came more often in an hour than is ordinary",
    "root_rotation": "no rotation was left half done",
}
"""Each check and what is true where it finds nothing; docs/operate.md has a page for each."""
_ELSEWHERE = (
    "settings",
    "status",
    "secret_files",
    "certificate",
    "revocation_lists",
    "sockets",
    "proxies",
    "disk",
)
_TOLD = tuple(check for check in CHECKS if check not in _ELSEWHERE)
"""Checks of what index and vault tell."""
QUEUE_S, NOTICES_S, ROOM = 900, 3_600, 0.05
DAY_S = DAY_MS // 1000
LETTERS_S = 4 * DAY_S
"""They are printed each working day: a weekend with a holiday lies between."""
LOG_BEHIND = 1_000
"""Entries that may wait: the housekeeper signs every second, and more than these are minutes of work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` is one of `CHECKS`; `sentence` says what is wrong, `remedy` what to do first."""

    check: str
    sentence: str
    remedy: str


def not_looked_at(found: Iterable[Finding]) -> list[str]:
    """Checks that could not be made because of what was found: settings, or an answer, are missing."""
    wrong = {each.check for each in found}
    if "settings" in wrong:
        return [check for check in CHECKS if check not in ("settings", "secret_files")]
    return list(_TOLD) if "status" in wrong else []


def of_status(told: Mapping[str, Any]) -> Iterator[Finding]:
    """From what `coffre status` tells."""
    yield from _of_log(told)
    waiting = told["queue"]["oldest_s"]
    if waiting is not None and waiting > QUEUE_S:
        yield Finding(
            "queue",
            f"{told['queue']['waiting']} deposits wait, the oldest for {waiting // 60} minutes.",
            "Start a worker, or look into its log: nothing is lost, and depositors wait.",
        )
    oldest = told["notices_oldest_waiting_s"]
    if oldest is not None and oldest > NOTICES_S:
        yield Finding(
            "notices",
            f"A notice has waited for {oldest // 60} minutes.",
            "Look for `notices could not be sent` in the housekeeper's log, which has the code.",
        )
    unprinted = told["letters"]["oldest_s"]
    if unprinted is not None and unprinted > LETTERS_S:
        yield Finding(
            "letters",
            f"Letters wait to be printed: {told['letters']['waiting']}, one for {unprinted // DAY_S} days.",
            "Run `coffre account letters --out FOLDER` each working day: people wait for their codes.",
        )
    if told["months_missing"]:
        yield Finding(
            "months",
            f"The index has no partition for {', '.join(map(str, told['months_missing']))}.",
            "Look for the chore `months` in the housekeeper's log; its rows lie with others until then.",
        )
    if told["issuers_new"]:
        yield Finding(
            "issuer_new",
            f"Issuers were first seen within a week: {', '.join(told['issuers_new'])}.",
            "Ask the two operators who set it: what nobody knows of is a break-in.",
        )
    if told.get("issuers_ending"):
        yield Finding(
            "issuer_ending",
            f"Issuers end soon: {', '.join(told['issuers_ending'])}. Then nobody comes in by them.",
            "Two operators add the next key under the same name: `coffre issuers add`.",
        )
    if told["doors_past_threshold"]:
        yield Finding(
            "doors",
            f"More came at the doors than is ordinary: {', '.join(told['doors_past_threshold'])}.",
            "Look into syslog for where it comes from; `coffre status` has the numbers of this hour.",
        )
    if told["root_rotation_running"]:
        yield Finding(
            "root_rotation",
            "A rotation of the root was begun and did not end.",
            "Run the same `coffre vault rotate-root` again: it goes on where it was.",
        )


def _of_log(told: Mapping[str, Any]) -> Iterator[Finding]:
    if told["frozen"]:
        yield Finding(
            "frozen",
            "The vault is frozen since its restore: nobody reads.",
            "Bring newer decisions with `coffre vault replay`, or `coffre vault accept-gap`.",
        )
    unsigned = told["log_size"] + told["log_pending"] - told["log_signed"]
    if unsigned > LOG_BEHIND:
        yield Finding(
            "log_unsigned",
            f"{unsigned} entries of the log are in no signed checkpoint.",
            "Start the housekeeper: it signs. Entries are kept, and nobody outside can prove them yet.",
        )
    if told["log_shipped"] is not None and told["log_signed"] - told["log_shipped"] > LOG_BEHIND:
        yield Finding(
            "log_unshipped",
            f"{told['log_signed'] - told['log_shipped']} signed entries are not in the second place.",
            "Ask COFFRE_SECOND_PLACE_URL: is it reached, is there room, does its lock hold?",
        )


def of_proxies(processes: Sequence[str]) -> Iterator[Finding]:
    """Those that take their proxy for every caller."""
    if processes:
        yield Finding(
            "proxies",
            f"{', '.join(processes)}: everybody comes from the proxy, and limits and pauses meet all.",
            "Set COFFRE_TRUSTED_PROXIES to the addresses of your proxy, such as 127.0.0.1, and restart.",
        )


def of_disk(path: str, free: int, size: int) -> Iterator[Finding]:
    """Of the file system of the data directory; bytes."""
    if free < size * ROOM:
        yield Finding(
            "disk",
            f"Of the disk of {path} {100 * free // size} % are free.",
            "Make room, or make it larger: without a line of the log nothing is read either.",
        )


def of_certificate(path: str, days_left: float | None) -> Iterator[Finding]:
    """None: it cannot be read as a certificate."""
    if days_left is None:
        yield Finding("certificate", f"{path} is no certificate.", "Put the process's certificate there.")
    elif days_left < 0:
        yield Finding(
            "certificate", f"{path} ended {-days_left:.0f} days ago.", "Have a new one issued, then restart."
        )
    elif days_left < 14:
        yield Finding(
            "certificate",
            f"{path} ends in {days_left:.0f} days.",
            "Have a new one issued now, put it in its place, and restart the process.",
        )


def of_revocation_list(name: str, hours_left: float | None) -> Iterator[Finding]:
    """`hours_left` None: it says no end, or cannot be read."""
    if hours_left is None:
        yield Finding(
            "revocation_lists", f"{name} is no revocation list with an end.", "Have it fetched anew."
        )
    elif hours_left < 24:
        when = f"ends in {hours_left:.0f} hours" if hours_left >= 0 else f"ended {-hours_left:.0f} hours ago"
        yield Finding(
            "revocation_lists",
            f"{name} {when}: cards of its authority are refused then, unless a responder answers.",
            "Look whether the job that fetches the lists runs: it wants a newer one each day.",
        )
