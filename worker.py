"""Wires adapters into activities and runs the workers. The one list of workflows is here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from temporalio.client import Client
from temporalio.worker import Worker

from activities.bookings import KeepBookings
from activities.books import KeepBooks
from activities.claims import FileClaims
from activities.courier import SendParcels
from activities.dispatch import SendNurse
from activities.enquiries import KeepEnquiries
from activities.exchange import ExchangeBills
from activities.hospitals import AskHospitals
from activities.notices import TellCustomers
from activities.papers import TakePapers
from activities.payment import PayHospital
from activities.ports.bookings import BookingBookPort, EntitlementPort, PaperPort
from activities.ports.cases import ClaimsPort, LedgerPort, MessagingPort, PaymentPort
from activities.ports.courier import CourierPort, LabPort
from activities.ports.enquiries import RecordPort
from activities.ports.exchange import BillsPort, SocialPort
from activities.ports.hospitals import DirectoryPort, HospitalPort
from activities.ports.house import HouseListPort
from activities.ports.reconciliation import CompareBookPort, StatementPort
from activities.ports.rescues import RescueBookPort
from activities.ports.rosters import RosterPort
from activities.ports.visits import DispatchPort
from activities.reconcile import Reconcile
from activities.rescues import KeepRescues
from activities.rosters import AskRoster
from adapters.books.bookings import BookingBook
from adapters.books.casebook import Casebook
from adapters.books.directory import Directory
from adapters.books.entitlements import Entitlements
from adapters.books.ledger import Ledger
from adapters.books.paid_papers import PaidPapers
from adapters.books.reconciliation import CompareBooks, PartnerStatements
from adapters.books.rescues import RescueBook
from adapters.books.roster import Roster
from adapters.database import open_database
from adapters.encryption.keys import KeyRing, Sealer
from adapters.house import HouseList
from adapters.logs import configure_logs
from adapters.medical_base import load_medical_base
from adapters.partners.claims import ClaimsCore
from adapters.partners.courier import CourierNetwork, Laboratory
from adapters.partners.dispatch import NursePlatform
from adapters.partners.exchange import BillHolder, SocialInsurance
from adapters.partners.hospitals import HospitalDesk
from adapters.partners.line import PartnerLine
from adapters.partners.messaging import MessageGateway
from adapters.partners.payment import PaymentNetwork
from adapters.partners.watch import PartnerWatch
from adapters.settings import PARTNERS, Settings
from adapters.temporal.connection import connect, worker_runtime
from adapters.temporal.schedules import every_morning
from adapters.temporal.workflow_runner import sandbox
from adapters.webhooks.outbox import Outbox
from adapters.webhooks.postman import Postman
from workflows.bookings.appointment import Appointment
from workflows.bookings.consultation import Consultation
from workflows.bookings.escort import Escort
from workflows.bookings.rehabilitation import Rehabilitation
from workflows.bookings.reimbursement import Reimbursement
from workflows.bookings.written_opinion import WrittenOpinion
from workflows.claim import Claim
from workflows.deposit_waiver import DepositWaiver
from workflows.enquiry import Enquiry
from workflows.messages.reconciliation import ReconcileDay
from workflows.messages.workflow_types import RECONCILIATION_TYPE
from workflows.reconciliation import Reconciliation
from workflows.rescues.rescue import Rescue

WORKFLOWS: Final[tuple[type[Any], ...]] = (
    DepositWaiver,
    Claim,
    Enquiry,
    Reconciliation,
    Appointment,
    Consultation,
    Escort,
    WrittenOpinion,
    Rehabilitation,
    Reimbursement,
    Rescue,
)
"""Every workflow of the product; the replay tests ask for a history of each."""

RECONCILE: Final = "reconciliation"
"""The id of the schedule, and what the ids of its runs begin with."""
STICKY_FOR: Final = timedelta(seconds=1)
"""After a killed worker the next command waits this long for it; the default of ten is too long."""
STOP_WITHIN: Final = timedelta(seconds=10)
"""What a running activity gets to finish when the worker is told to stop."""
SLOTS: Final = 50
"""Activities at once: ten database connections and the partners' own limits bound it anyway."""


def activities(
    *,
    ledger: LedgerPort,
    casebook: RecordPort,
    payment: PaymentPort,
    dispatch: DispatchPort,
    messaging: MessagingPort,
    claims: ClaimsPort,
    steward_phone: str | None = None,
) -> list[Callable[..., Any]]:
    """All the verbs, each with the port it needs."""
    notices = TellCustomers(book=casebook, messaging=messaging, steward_phone=steward_phone)
    books = KeepBooks(ledger=ledger, casebook=casebook, notices=notices)
    money = PayHospital(payment=payment, ledger=ledger)
    return [
        books.turn_page,
        notices.again,
        money.order,
        money.pay_out,
        money.look_up,
        money.cancel,
        *nursing(dispatch=dispatch),
        FileClaims(claims=claims, casebook=casebook).file,
        KeepEnquiries(record=casebook).turn_page,
    ]


def nursing(*, dispatch: DispatchPort) -> list[Callable[..., Any]]:
    """The verbs of a visit, whoever needs it."""
    nurse = SendNurse(dispatch=dispatch)
    return [nurse.order, nurse.cancel]


def reconciling(
    *, statements: StatementPort, books: CompareBookPort, house: HouseListPort
) -> list[Callable[..., Any]]:
    """The verbs of the daily comparison."""
    verbs = Reconcile(statements=statements, books=books, house=house)
    return [verbs.compare, verbs.check, verbs.open_step]


def shipping(*, courier: CourierPort, lab: LabPort) -> list[Callable[..., Any]]:
    """The verbs of parcels and of tests."""
    parcels = SendParcels(courier=courier, lab=lab)
    return [parcels.order, parcels.track, parcels.call_off, parcels.order_test]


def coordinating(*, hospitals: HospitalPort, directory: DirectoryPort) -> list[Callable[..., Any]]:
    """The verbs of the hospitals' desk."""
    asking = AskHospitals(hospitals=hospitals, directory=directory)
    return [asking.ask, asking.look_up, asking.withdraw]


def paying_back(*, papers: PaperPort) -> list[Callable[..., Any]]:
    """The verb that takes a paper once."""
    return [TakePapers(papers=papers).take]


def exchanging(*, bills: BillsPort, social: SocialPort) -> list[Callable[..., Any]]:
    """The verbs of a counter that settles a bill."""
    verbs = ExchangeBills(bills=bills, social=social, base=load_medical_base())
    return [verbs.read, verbs.settle]


def booking(
    *,
    record: BookingBookPort,
    entitlements: EntitlementPort,
    ledger: LedgerPort,
    notices: TellCustomers,
) -> list[Callable[..., Any]]:
    """The verbs of green-channel bookings."""
    book = KeepBookings(record=record, entitlements=entitlements, ledger=ledger, notices=notices)
    return [book.turn_page]


def rescuing(*, record: RescueBookPort) -> list[Callable[..., Any]]:
    """The verb of a hospital's own channel."""
    return [KeepRescues(record=record).turn_page]


def consulting(*, roster: RosterPort) -> list[Callable[..., Any]]:
    """The verbs of the roster of doctors."""
    ask = AskRoster(roster=roster)
    return [ask.take, ask.line_up, ask.leave]


async def main(settings: Settings) -> None:
    """Run a worker on the servers the settings name until it is cancelled."""
    configure_logs(settings.log_level)
    runtime = worker_runtime(settings)
    client = await connect(settings, runtime=runtime)
    engine = open_database(settings.libpq_url)
    sealer = Sealer(KeyRing(settings.key_ring), settings.lookup_key_bytes)
    casebook = Casebook(engine, sealer, clock=lambda: datetime.now(UTC))
    watch = PartnerWatch(runtime.metric_meter)
    lines = {
        partner: PartnerLine(settings.partner_url(partner), failed=watch.of(partner))
        for partner in PARTNERS
    }
    messaging = MessageGateway(lines["messaging"])
    verbs = activities(
        ledger=Ledger(engine),
        casebook=casebook,
        payment=PaymentNetwork(lines["payment"]),
        dispatch=NursePlatform(lines["dispatch"], contact_of=casebook.contact),
        messaging=messaging,
        claims=ClaimsCore(lines["claims"]),
        steward_phone=settings.steward_phone,
    )
    verbs += reconciling(
        statements=PartnerStatements(lines["payment"], secret=settings.partner_secret("payment")),
        books=CompareBooks(engine),
        house=HouseList(engine),
    )
    verbs += exchanging(
        bills=BillHolder(lines["bills"], secret=settings.partner_secret("bills")),
        social=SocialInsurance(lines["social"]),
    )
    postman = Postman(Outbox(engine, sealer))
    verbs += booking(
        record=BookingBook(engine, sealer),
        entitlements=Entitlements(engine),
        ledger=Ledger(engine),
        notices=TellCustomers(
            book=casebook, messaging=messaging, steward_phone=settings.steward_phone
        ),
    )
    verbs += paying_back(papers=PaidPapers(engine, sealer))
    verbs += shipping(
        courier=CourierNetwork(lines["courier"], contact_of=casebook.contact),
        lab=Laboratory(lines["lab"]),
    )
    verbs += coordinating(
        hospitals=HospitalDesk(lines["hospitals"], patient_of=casebook.patient),
        directory=Directory(engine),
    )
    verbs += consulting(roster=Roster(engine))
    verbs += rescuing(record=RescueBook(engine, sealer))
    try:
        await every_morning(
            client, RECONCILE, RECONCILIATION_TYPE, ReconcileDay(), task_queue=settings.task_queue
        )
        async with build(client, task_queue=settings.task_queue, verbs=verbs):
            await postman.run()
    finally:
        for line in lines.values():
            await line.close()
        await engine.dispose()


def build(
    client: Client,
    *,
    task_queue: str,
    verbs: Sequence[Callable[..., Any]],
    max_cached_workflows: int = 1000,
) -> Worker:
    """A worker for all workflows and verbs."""
    return Worker(
        client,
        task_queue=task_queue,
        workflows=list(WORKFLOWS),
        activities=list(verbs),
        workflow_runner=sandbox(),
        max_cached_workflows=max_cached_workflows,
        max_concurrent_activities=SLOTS,
        sticky_queue_schedule_to_start_timeout=STICKY_FOR,
        graceful_shutdown_timeout=STOP_WITHIN,
    )
