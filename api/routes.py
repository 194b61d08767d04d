"""All routes there are, in the order in which the OpenAPI document shows them."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from api import (
    callbacks,
    codec,
    eligibility,
    emergencies,
    enquiries,
    health,
    policy_ends,
    reference,
)
from api.bookings import answers, conversations, slots
from api.bookings import commands as booking_commands
from api.bookings import files as booking_files
from api.bookings import opening as bookings
from api.bookings import papers as booking_papers
from api.reports import bookings as booking_reports
from api.reports import claims as claim_report
from api.reports import letters, overdue, promises, ratings, repayments, webhooks
from api.rescues import acts, publications, readiness
from api.rescues import opening as rescues
from api.rescues import views as rescue_views
from api.tasks import asked, worklist
from api.waivers import (
    claims,
    commands,
    deposit_waivers,
    disputes,
    documents,
    family,
    interventions,
    payment_codes,
    reporting,
    requests,
)

RESOURCES: Final[tuple[APIRouter, ...]] = (
    worklist.routes,  # what is asked most stands first: an address is looked for from the top
    deposit_waivers.routes,
    documents.routes,
    eligibility.routes,
    bookings.routes,
    answers.routes,
    booking_commands.routes,
    booking_files.routes,
    booking_papers.routes,
    booking_reports.routes,
    conversations.routes,
    slots.routes,
    enquiries.routes,
    rescues.routes,
    acts.routes,
    rescue_views.routes,
    readiness.routes,
    reporting.routes,
    claims.routes,
    emergencies.routes,
    commands.routes,
    requests.routes,
    interventions.routes,
    family.routes,
    disputes.routes,
    reference.routes,
    policy_ends.routes,
    asked.routes,
    promises.routes,
    overdue.routes,
    claim_report.routes,
    ratings.routes,
    repayments.routes,
    letters.routes,
    webhooks.routes,
    callbacks.routes,
    payment_codes.routes,
    publications.routes,
)
"""What stands under `/v1`."""

AROUND: Final[tuple[APIRouter, ...]] = (codec.routes, health.routes)
"""Asked by Temporal's UI and by probes, in their own ways."""
