"""The guard: every verb of the vault, grouped by the process that may call it (docs/vault.md section 3).

The vault is a process apart, where each group has a door of its own, and the kernel or a certificate says who
calls (`keyvault/process/service.py`); with `coffre serve --single` it is an object in the same process.
"""

import time
from collections.abc import Callable
from copy import copy
from typing import Protocol
from uuid import UUID

from keyvault.context import Vault
from keyvault.keys.keyring import Keyring
from keyvault.keys.root_secrets import create_secrets
from keyvault.restore.frozen import refusing_while_frozen
from keyvault.restore.second_place import SecondPlace
from keyvault.roots.ports import Root
from keyvault.store import VaultStore
from keyvault.vault_keys import VaultSettings
from keyvault.verbs.door import DoorVerbs
from keyvault.verbs.housekeeper.changed_states import ChangedStatesVerbs
from keyvault.verbs.housekeeper.delivering import DeliveringVerbs
from keyvault.verbs.housekeeper.housekeeping import HousekeepingVerbs
from keyvault.verbs.housekeeper.retiring import RetiringVerbs
from keyvault.verbs.operator.certifying import CertifyingVerbs
from keyvault.verbs.operator.discharging import DischargingVerbs
from keyvault.verbs.operator.inspecting import InspectingVerbs
from keyvault.verbs.operator.issuers import IssuersVerbs, begin_issuers
from keyvault.verbs.operator.moving import MovingVerbs
from keyvault.verbs.operator.officer import OfficerVerbs
from keyvault.verbs.operator.quarantine import QuarantineVerbs
from keyvault.verbs.operator.records import OperatingVerbs, ensure_decoy
from keyvault.verbs.operator.requesting_jobs import PlanningVerbs, RequestingVerbs
from keyvault.verbs.operator.restoring import RestoringVerbs
from keyvault.verbs.operator.rotating import RotatingVerbs
from keyvault.verbs.operator.withdrawing import WithdrawingVerbs
from keyvault.verbs.public import PublishingVerbs
from keyvault.verbs.reader.document.announcing import AnnouncingVerbs
from keyvault.verbs.reader.document.by_document import DocumentVerbs
from keyvault.verbs.reader.document.changing_documents import DocumentChangesVerbs
from keyvault.verbs.reader.document.following import FollowingVerbs
from keyvault.verbs.reader.document.labelling import LabellingVerbs
from keyvault.verbs.reader.document.own_deposits import OwnDepositsVerbs
from keyvault.verbs.reader.grants.reading import ReadingVerbs
from keyvault.verbs.reader.grants.rechecking import HoldingVerbs, RecheckingVerbs, RenewingVerbs
from keyvault.verbs.reader.grants.releasing import ReleasingVerbs
from keyvault.verbs.reader.holder.changing import ChangingVerbs
from keyvault.verbs.reader.holder.choices import ChoicesVerbs
from keyvault.verbs.reader.holder.choosing import ChoosingVerbs
from keyvault.verbs.reader.holder.contacting import ContactingVerbs
from keyvault.verbs.reader.holder.notices import NoticingVerbs
from keyvault.verbs.reader.holder.teaming import TeamingVerbs
from keyvault.verbs.reader.lists.listing import ListingVerbs
from keyvault.verbs.reader.lists.searching import SearchingVerbs
from keyvault.verbs.reader.lists.searching_documents import SearchingDocumentsVerbs
from keyvault.verbs.reader.log.own_actions import OwnActionsVerbs
from keyvault.verbs.worker.adoption.adopting import AdoptingVerbs
from keyvault.verbs.worker.deposits.ingesting import ReleasingForIngest
from keyvault.verbs.worker.deposits.recognising import RecognisingVerbs
from keyvault.verbs.worker.deposits.settling import SettlingVerbs
from keyvault.verbs.worker.jobs.adopting_jobs import AdoptingJobs
from keyvault.verbs.worker.jobs.opening_jobs import OpeningJobs

EMBEDDED_SHARDS = 16


class RecordDoor(
    ListingVerbs,
    SearchingVerbs,
    SearchingDocumentsVerbs,
    OwnDepositsVerbs,
    ReadingVerbs,
    DocumentVerbs,
    ReleasingVerbs,
    RecheckingVerbs,
    ChoicesVerbs,
    ChangingVerbs,
    LabellingVerbs,
    ChoosingVerbs,
    TeamingVerbs,
    AnnouncingVerbs,
    DocumentChangesVerbs,
    FollowingVerbs,
    NoticingVerbs,
    ContactingVerbs,
    OwnActionsVerbs,
):
    """resolve, find, list, search, search_documents, documents, document, choices, events, tokens, release,
    recheck.

    Of a depositor: search_deposits, follow_deposits, change_document; of a professional follow_deposits,
    change_document, own_actions, label, change_labels, announce, record_consent, change_team. Of the holder:
    change_card, choose, form_team, change_team, label, change_labels, refuse_document, change_document,
    notices, acknowledge, contacts, put_contact, confirm_contact, delete_contact.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault


class ReaderDoor(RecordDoor, RenewingVerbs):
    """Grants to whoever opens them on their own side."""


class GatewayDoor(RecordDoor, HoldingVerbs):
    """Grants that the gateway opens itself, as the line of each says; asked again with each request."""

    _opened_by = "gateway"


class WorkerDoor(
    ReleasingForIngest, RecognisingVerbs, AdoptingVerbs, OpeningJobs, AdoptingJobs, SettlingVerbs
):
    """Deposits: release_ingest, differing_traits, tokens, part_tokens, identifier_token, adopt, settle.

    Of several deposits in one transaction: release_ingest_many, adopt_many, settle_many. Jobs: job, …_job.
    Both: give_back.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault


class HousekeeperDoor(
    HousekeepingVerbs, DeliveringVerbs, RetiringVerbs, ChangedStatesVerbs, PlanningVerbs, SettlingVerbs
):
    """The log, day keys, notices; jobs that wait; what was left unsettled; the end of what was retired."""


class OperatorDoor(
    OperatingVerbs,
    RotatingVerbs,
    QuarantineVerbs,
    DischargingVerbs,
    RequestingVerbs,
    CertifyingVerbs,
    OfficerVerbs,
    WithdrawingVerbs,
    MovingVerbs,
    IssuersVerbs,
):
    """Records and identities; issuers; rotations; choices on cards of earlier versions; quarantine; jobs;
    backups' signatures; the officer's lines.
    """


class Doors(Protocol):
    """The guard as its callers see it, in the same process or behind a socket."""

    reader: ReaderDoor
    gateway: GatewayDoor
    worker: WorkerDoor
    housekeeper: HousekeeperDoor
    operator: OperatorDoor
    inspector: InspectingVerbs
    signin: DoorVerbs
    public: PublishingVerbs


class Guard:
    """A running vault."""

    def __init__(
        self,
        *,
        store: VaultStore,
        day_keys: VaultStore,
        root: Root,
        settings: VaultSettings,
        clock: Callable[[], float] = time.time,
        second_place: SecondPlace | None = None,
    ) -> None:
        """Opens the keys through the root, once."""
        self._vault = Vault(
            store=refusing_while_frozen(store),
            day_keys=day_keys,
            keyring=Keyring(store, root),
            settings=settings,
            clock=clock,
            second_place=second_place,
        )
        laid_open = copy(self._vault)  # what only looks, or ends a freeze, isn't refused by it
        laid_open.store = store
        ensure_decoy(laid_open)
        begin_issuers(laid_open)
        self.reader = ReaderDoor(self._vault)
        self.gateway = GatewayDoor(self._vault)
        self.worker = WorkerDoor(self._vault)
        self.housekeeper = HousekeeperDoor(self._vault)
        self.operator = OperatorDoor(self._vault)
        self.signin = DoorVerbs(self._vault)
        self.inspector = InspectingVerbs(laid_open)
        self.public = PublishingVerbs(laid_open)
        self.restoring = RestoringVerbs(laid_open)

    @staticmethod
    def initialise(store: VaultStore, root: Root, shards: int = EMBEDDED_SHARDS) -> None:
        """Draw the keys of a new vault; done once, by `coffre init`."""
        with store.writing() as tx:
            create_secrets(tx, root, shards)

    @staticmethod
    def public_halves(store: VaultStore) -> dict[str, bytes]:
        """The public signing keys of a vault by use, without opening any key."""
        with store.reading() as tx:
            rows = tx.find("secret", state="live")
        return {row["name"].removeprefix("sign-"): row["public"] for row in rows if row["public"]}

    @property
    def origin(self) -> str:
        return self._vault.settings.origin

    @property
    def chain_id(self) -> UUID:
        """This process's own chain 0."""
        return self._vault.system_chain.chain_id
