"""The requirements of docs/requirements.md: what a host has to do, and what of it is missing.

Comments and tests cite the numbers R1 to R60. `missing` is empty where the whole requirement is met, as
the rules named at the top of that page state it, which a test that is marked with its number has to show.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Requirement:
    section: str
    text: str
    missing: str = ""


REQUIREMENTS: dict[str, Requirement] = {
    "R1": Requirement(
        "Identity", "an INS only with 15 characters, its key right, its OID of this environment", ""
    ),
    "R2": Requirement(
        "Identity",
        "the record's key is (OID, matricule); traits identify nobody; contradicting documents are refused; local identifiers stay as they are",
        "one trait that differs alone is a warning, unless `COFFRE_IDENTITY_CHECK=strict`",
    ),
    "R3": Requirement(
        "Identity",
        "a provisional identity becomes definitive, records merge and part again, nothing lost",
        "not there",
    ),
    "R4": Requirement(
        "Identity",
        "patients sign in with two factors",
        "no operator's gateway for SMS was ever asked: tests run one of their own",
    ),
    "R5": Requirement(
        "Identity",
        "professionals sign in by certificate or federated identity",
        "by card and by Pro Santé Connect, which itself was never asked: tests run a provider and authorities of their own",
    ),
    "R6": Requirement("Identity", "signed assertions of a structure's system, over mutual TLS", "not there"),
    "R7": Requirement(
        "Identity",
        "a system that feeds does not thereby read",
        "indirect authentication; what there is: who deposits reads nothing",
    ),
    "R8": Requirement("Identity", "every trace names a person or a declared automaton", ""),
    "R9": Requirement(
        "Life of a record",
        "proposed, active, suspended, closed, destroyed; legal transitions alone; six weeks to object",
        "states and transitions are data; nothing closes a record, no clock runs",
    ),
    "R10": Requirement(
        "Life of a record",
        "nobody reads a closed record, its feeds have a code of their own; ten years, then destroyed",
        "reads and feeds are refused; nothing is archived or destroyed, nothing reopens",
    ),
    "R11": Requirement(
        "Life of a record", "erasure on request, carried out and proven within three months", "not there"
    ),
    "R12": Requirement(
        "Life of a record",
        "destroyed means that nothing anywhere decrypts, with a signed certificate",
        "not there",
    ),
    "R13": Requirement(
        "Life of a record", "closing warns that advance directives become unreachable", "not there"
    ),
    "R14": Requirement(
        "Life of a record",
        "suspension freezes without deleting",
        "the rule; no command suspends a record and says why",
    ),
    "R15": Requirement(
        "Access",
        "one decision for every read, deterministic, default deny, with a reason code; lists and counts too",
        "",
    ),
    "R16": Requirement(
        "Access",
        "profession × document type from a versioned table with dates; the unknown is refused",
        "the order's table is not public: cells that no source tells are assumed, and say so",
    ),
    "R17": Requirement(
        "Access",
        "a recorded initial consent before anybody consults",
        "a consent for one consultation outside the care team",
    ),
    "R18": Requirement(
        "Access",
        "who, when, how, until when; a year by default; revocable at once",
        "a grant that is open keeps its keys; an S3 store honours an address up to five minutes after a revocation",
    ),
    "R19": Requirement(
        "Access",
        "a blocked professional reads in no mode, whatever the consent, nor through their structure",
        "",
    ),
    "R20": Requirement(
        "Access",
        "`MASQUE_PS` hides from professionals, save attending doctors and, in ordinary care, author and its structure; copies of other structures too; hidden reads like absent",
        "",
    ),
    "R21": Requirement(
        "Access",
        "several attending doctors; losing the status counts at once",
        "equal rights delegated to others",
    ),
    "R22": Requirement(
        "Access",
        "`INVISIBLE_PATIENT` with its clocks",
        "a clock of the machine that is set ahead ends terms early",
    ),
    "R23": Requirement(
        "Access",
        "`INVISIBLE_REPRESENTANTS_LEGAUX`, secret sessions",
        "the label; no representatives, no secret sessions",
    ),
    "R24": Requirement("Access", "labels add up; two of them exclude each other", "secret sessions"),
    "R25": Requirement("Access", "majority ends representation", "not there"),
    "R26": Requirement(
        "Access",
        "breaking the glass: written reason, shown, opposable, four hours, flagged, notified",
        "attending doctors: no address of theirs is known, their notices count as undelivered",
    ),
    "R27": Requirement("Access", "regulation centres: their own mode and opposition, reading alone", ""),
    "R28": Requirement("Access", "opposition has no exception and survives the loss of a key", ""),
    "R29": Requirement(
        "Access",
        "insurers, banks, employers have no way in; the attempt is on the log",
        "the line on the log raises no alert",
    ),
    "R30": Requirement(
        "Access",
        "occupational and fire-brigade doctors by express consent alone; PMI doctors read and feed",
        "",
    ),
    "R31": Requirement(
        "Access",
        "feeding needs no right to read; the patient may refuse one document",
        "who deposited a document that is refused later reads so by its address, and has no message",
    ),
    "R32": Requirement(
        "Access",
        "the author alone deletes or replaces",
        "own information alone is replaced; patients delete no file of their own",
    ),
    "R33": Requirement("Access", "quotas per professional and structure inside the key service", "alerts"),
    "R34": Requirement(
        "Documents and images",
        "known types alone; the class is computed",
        "types, class and depositors; formats and settings against their value sets",
    ),
    "R35": Requirement(
        "Documents and images",
        "digest and size checked on receipt, SHA-256 kept, a flipped bit found on reading",
        "",
    ),
    "R36": Requirement(
        "Documents and images",
        "versions keep their history",
        "equal instances of a study, and own information: no replacement of other documents",
    ),
    "R37": Requirement(
        "Documents and images",
        "changes of metadata limited",
        "labels change by an address of their own, not by a PATCH",
    ),
    "R38": Requirement(
        "Documents and images",
        "MHD or XDS.b, and DICOMweb, on one store with one decision",
        "ITI-65 with one document a bundle, ITI-66, 67, 68 and 105, DICOMweb; nothing is replaced by it",
    ),
    "R39": Requirement("Documents and images", "key object selections govern retrieval", "not there"),
    "R40": Requirement("Documents and images", "masking a report offers to mask its images", "not there"),
    "R41": Requirement(
        "Documents and images",
        "an INS in the header; another patient's goes to quarantine, and leaves it by two operators",
        "",
    ),
    "R42": Requirement(
        "Documents and images",
        "withdrawn studies vanish from search and stay in the archive",
        "images vanish from search; no retention",
    ),
    "R43": Requirement(
        "Documents and images",
        "a record of 10 000 documents answers in a second; pages",
        "pages of the access log and of lists; no search by time of submission",
    ),
    "R44": Requirement(
        "Documents and images",
        "the insurer's and the vaccination feeds",
        "the vaccination feed; nothing replaces or expires",
    ),
    "R45": Requirement(
        "Cryptography and hosting",
        "a key per record and per document or study under it; nothing in clear at rest",
        "one party's keys wrap a record; the patient's are no second",
    ),
    "R46": Requirement(
        "Cryptography and hosting", "exchanging ciphertexts between patients or versions fails", ""
    ),
    "R47": Requirement(
        "Cryptography and hosting",
        "an administrator with every disk and no key learns neither content nor diagnosis",
        "an installation without a passphrase or key service has its root on the same disk; sizes, times and equality are visible ([threat-model.md](threat-model.md))",
    ),
    "R48": Requirement(
        "Cryptography and hosting",
        "the key service apart, two people for its root, rotation without rewriting",
        "another site's administrators are an installation's matter; after a rotated root servers make new day and shard keys only once restarted",
    ),
    "R49": Requirement(
        "Cryptography and hosting",
        "backups can be restored, and a restore revives nothing destroyed or revoked",
        "nothing is destroyed yet, so nothing shows that it stays so; a copy put back by hand is not frozen",
    ),
    "R50": Requirement(
        "Cryptography and hosting",
        "places in the EEA alone",
        "what settings name is checked at every start, as far as names of known providers tell; replicas have no tags",
    ),
    "R51": Requirement("Cryptography and hosting", "whole export in open formats", "not there"),
    "R52": Requirement("Cryptography and hosting", "who was affected, within the hour", "not there"),
    "R53": Requirement("Cryptography and hosting", "erasure and retention rules as data", "not there"),
    "R54": Requirement(
        "Traces",
        "a line for every attempt before content leaves, no health content in it",
        "refusals that repeat within an hour share one line with their number ([ADR 13](adr/0013-repeated-refusals.md))",
    ),
    "R55": Requirement(
        "Traces",
        "lines chained and signed, a stranger and the patient can verify",
        "anybody verifies the entries, and a line names its own; that the words of a line are those of its entry the vault alone can show",
    ),
    "R56": Requirement(
        "Traces",
        "holder, attending doctor and the professional for their own acts read them",
        "nothing destroys traces with the record",
    ),
    "R57": Requirement(
        "Traces",
        "a notice within a minute, without health data",
        "text messages; attending doctors' addresses; bounces that come later by a mail of their own",
    ),
    "R58": Requirement(
        "Traces",
        "the patient's rights from end to end",
        "see, authorise, block, mask, oppose; not: download all, correct, close, erase",
    ),
    "R59": Requirement(
        "Traces", "restriction per part, export for the European health data space", "not there"
    ),
    "R60": Requirement(
        "Traces", "no analytics, no secondary use", "there is no such path, and no test shows it"
    ),
}
