"""One run of sending: which files, by whose credential, with which journal, and what became of each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext

from client.fetch.keys import published_keys
from client.http_client import CoffreClient, Token
from client.send import showing
from client.send.delivery import Delivery, planned
from client.send.deposits import SendClient
from client.send.finding import Found, candidates
from client.send.journal import Journal, default_place
from client.send.plan import Candidate
from client.send.verdicts import FileVerdict, Outcome
from keyvault.credentials.proving import ProofKey
from records.errors import CoffreError, Invalid
from records.people.identity import INS
from records.vocabulary.codes import Label

JOURNALS = Path(".local/state/coffre")
"""Below the home folder, as the XDG base directories have it."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What the options ask for, checked."""

    ins: INS
    url: str
    token: Token = field(repr=False)
    key: ProofKey | None
    tls: SSLContext | None
    allow_http: bool
    type_code: str
    title: str | None
    labels: tuple[Label, ...]
    wait: float
    parallel: int
    journal: Path | None

    def client(self) -> CoffreClient:
        return CoffreClient(self.url, self.token, key=self.key, tls=self.tls, allow_http=self.allow_http)

    @property
    def context(self) -> list[str]:
        """What makes the same bytes another deposit."""
        return [self.url, self.ins.oid, self.ins.matricule, self.type_code, self.title or "", *self.labels]


def sent(
    sending: Sending, paths: Sequence[Path], *, dry_run: bool, as_lines: bool
) -> tuple[list[FileVerdict], bool]:
    """The verdicts, and whether the run was interrupted."""
    with showing.bar() as bar:
        found = _sendable(paths, bar.found)
        watch = showing.watch(bar, as_lines)
        if dry_run:
            verdicts = [planned(candidate) for candidate in found]
            watch.judged(verdicts)
            return verdicts, False
        bar.start(len(found), sum(one.size for one in found if not one.trouble))
        if callable(sending.token):
            sending.token()  # a certificate that is refused is refused before any file is read
        clients = [sending.client() for _ in range(sending.parallel)]
        journal = _journal(sending, paths, clients[0])
        senders = [
            SendClient(client, sending.ins, labels=sending.labels, wait=sending.wait) for client in clients
        ]
        delivery = Delivery(senders, journal, type_code=sending.type_code, title=sending.title, watch=watch)
        verdicts = delivery.run(found)
    whole = all(one.final or one.outcome is Outcome.SKIPPED for one in verdicts)
    journal.close(forget=whole and sending.journal is None)
    if delivery.unkept:
        showing.say("journal_failing", "The journal cannot be written: an interrupted sending starts anew.")
    if delivery.interrupted:
        showing.say("interrupted", "Run the same command again: it sends what has no verdict yet.")
    return verdicts, delivery.interrupted


def _journal(sending: Sending, paths: Iterable[Path], client: CoffreClient) -> Journal:
    """The journal named, or the command's own. Raises what `Journal` raises, `Invalid` "journal_unusable"."""
    context = [*_who(client), *sending.context]
    try:
        if sending.journal is not None:
            return Journal(context, sending.journal)
        folder = Path.home() / JOURNALS
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        command = [*sending.context, *(str(path.absolute()) for path in paths)]
        return Journal(context, default_place(folder, command))
    except (OSError, RuntimeError):  # RuntimeError: there is no home folder
        if sending.journal is not None:
            raise Invalid(
                "The journal cannot be opened: name a file that you may write.", code="journal_unusable"
            ) from None
    showing.say(
        "no_journal", "No journal can be kept in your home folder: give --journal to be able to go on later."
    )
    return Journal(context)


def _who(client: CoffreClient) -> list[str]:
    """The keys of a server: another one at the same address knows none of the verdicts.

    Raises `CoffreError` "unreachable".
    """
    try:
        return sorted(published_keys(client))
    except CoffreError as error:
        if error.code == "unreachable":
            raise
        return []  # an intake alone publishes no keys


def _sendable(paths: Iterable[Path], found: Found) -> list[Candidate]:
    sendable = candidates(paths, found)
    if all(planned(one).outcome is Outcome.SKIPPED for one in sendable):
        raise Invalid("There is neither a DICOM nor a PDF file in what was given.", code="nothing_to_send")
    return sendable
