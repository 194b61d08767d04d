"""Which papers a case needs, by disease and stage, and which of them are still missing.

The rules themselves are programme data (R098). Whether an uploaded file really is what it says
it is, is decided where it is received; here only kinds are compared.
"""

from calendar import monthrange
from collections.abc import Collection, Iterable
from datetime import date
from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from domain.programmes.sourced import Terms

FILES_MAX: Final = 300
"""So many files one case or booking takes; each is told to its story (inferred)."""


class DocumentKind(StrEnum):
    """Kinds of documents (section 6.8); the Chinese name is in `DOCUMENT_NAMES`."""

    ID_CARD_FRONT = "id_card_front"
    ID_CARD_BACK = "id_card_back"
    E_POLICY = "e_policy"
    SOCIAL_INSURANCE_CARD = "social_insurance_card"
    HOSPITAL_CARD = "hospital_card"
    OUTPATIENT_RECORD = "outpatient_record"
    RECORD_BOOK_COPY = "record_book_copy"
    DISCHARGE_SUMMARY = "discharge_summary"
    BLOOD_REPORT = "blood_report"
    CT_REPORT = "ct_report"
    MRI_REPORT = "mri_report"
    ENDOSCOPY_REPORT = "endoscopy_report"
    PATHOLOGY_REPORT = "pathology_report"
    IMAGING_FILM = "imaging_film"
    DIAGNOSIS_PROOF = "diagnosis_proof"
    CHECKUP_REPORT = "checkup_report"
    ADMISSION_SLIP = "admission_slip"
    ORIGINAL_INVOICE = "original_invoice"
    FEE_LIST = "fee_list"
    DEPOSIT_SLIP = "deposit_slip"
    AUTHORIZATION = "authorisation"
    INFORMED_CONSENT = "informed_consent"
    SOCIAL_INSURANCE_RECORD = "social_insurance_reimbursement_record"
    MEDICAL_RECORD = "medical_record"
    TRAVEL_TICKET = "travel_ticket"
    LODGING_INVOICE = "lodging_invoice"
    SAMPLE_FORM = "sample_form"
    GENE_REPORT = "gene_report"
    SECOND_OPINION_REPORT = "second_opinion_report"
    STEP_IMAGE = "step_image"


DOCUMENT_NAMES: dict[DocumentKind, str] = {
    DocumentKind.ID_CARD_FRONT: "身份证正面",
    DocumentKind.ID_CARD_BACK: "身份证反面",
    DocumentKind.E_POLICY: "电子保单",
    DocumentKind.SOCIAL_INSURANCE_CARD: "社保卡",
    DocumentKind.HOSPITAL_CARD: "就诊卡",
    DocumentKind.OUTPATIENT_RECORD: "门诊病历",
    DocumentKind.RECORD_BOOK_COPY: "病历本复印件",
    DocumentKind.DISCHARGE_SUMMARY: "出院小结",
    DocumentKind.BLOOD_REPORT: "血液检测报告",
    DocumentKind.CT_REPORT: "CT报告",
    DocumentKind.MRI_REPORT: "MRI报告",
    DocumentKind.ENDOSCOPY_REPORT: "内镜报告",
    DocumentKind.PATHOLOGY_REPORT: "病理报告",
    DocumentKind.IMAGING_FILM: "影像胶片",
    DocumentKind.DIAGNOSIS_PROOF: "诊断证明",
    DocumentKind.CHECKUP_REPORT: "体检报告",
    DocumentKind.ADMISSION_SLIP: "住院证",
    DocumentKind.ORIGINAL_INVOICE: "医疗费用发票原件",
    DocumentKind.FEE_LIST: "费用清单",
    DocumentKind.DEPOSIT_SLIP: "押金单",
    DocumentKind.AUTHORIZATION: "委托授权书",
    DocumentKind.INFORMED_CONSENT: "服务知情同意书",
    DocumentKind.SOCIAL_INSURANCE_RECORD: "社保报销记录",
    DocumentKind.MEDICAL_RECORD: "住院病历",
    DocumentKind.TRAVEL_TICKET: "车票或机票",
    DocumentKind.LODGING_INVOICE: "住宿费发票",
    DocumentKind.SAMPLE_FORM: "样本单",
    DocumentKind.GENE_REPORT: "基因检测报告",
    DocumentKind.SECOND_OPINION_REPORT: "第二诊疗意见报告",
    DocumentKind.STEP_IMAGE: "服务环节影像",
}


class DocumentStage(StrEnum):
    """The part of a case a document is needed for."""

    APPLICATION = "application"
    ADMISSION = "admission"  # before a bed is looked for (C-68)
    AUTHORIZATION = "authorization"
    PAYMENT = "payment"
    DISCHARGE = "discharge"
    CLAIM = "claim"


class IssuedBy(BaseModel):
    """Who must have issued a document for it to count."""

    model_config = ConfigDict(frozen=True)

    grade_min: int | None = Field(default=None, ge=1, le=3)
    hospital_class: Literal["3A", "2A"] | None = None
    sealed: bool = False
    in_mainland: bool = False
    within_service_period: bool = False


class DocumentRule(Terms):
    """One document, for one stage, for every disease or for some groups of them."""

    kind: DocumentKind
    stage: DocumentStage
    disease_groups: tuple[str, ...] = ()
    services: tuple[str, ...] = ()  # needed for these services only; none = for all
    mandatory: bool = True
    one_of: str | None = None  # documents with the same word here replace each other
    age_months_max: int | None = Field(default=None, gt=0)
    issued_by: IssuedBy | None = None
    states: tuple[str, ...] = ()  # what must be readable on it
    slip_forms: tuple[Literal["receipt", "electronic"], ...] = ()  # an admission slip counts as

    def applies(
        self, disease_group: str | None, stage: DocumentStage, service: str | None = None
    ) -> bool:
        """Whether a case of this disease group needs the document at this stage."""
        if stage is not self.stage:
            return False
        if self.services and service is not None and service not in self.services:
            return False
        return not self.disease_groups or disease_group in self.disease_groups

    def is_too_old(self, issued_on: date, on: date) -> bool:
        """Whether a document was issued too long ago; the last day itself still counts (R628)."""
        if self.age_months_max is None:
            return False
        return issued_on < months_before(on, self.age_months_max)


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def required(
    rules: Iterable[DocumentRule],
    disease_group: str | None,
    stage: DocumentStage,
    service: str | None = None,
) -> tuple[DocumentKind, ...]:
    """What a case needs at a stage, in the programme's order, each kind once (R098, R099)."""
    kinds = (
        rule.kind
        for rule in rules
        if rule.mandatory and rule.applies(disease_group, stage, service)
    )
    return tuple(dict.fromkeys(kinds))


def missing(
    needed: Iterable[DocumentKind], have: Collection[DocumentKind | str]
) -> tuple[DocumentKind, ...]:
    """What is still to be handed in, in the order of the list; empty = complete."""
    return tuple(kind for kind in needed if kind not in have)


def listed(kinds: Iterable[DocumentKind], rules: Iterable[DocumentRule] = ()) -> str:
    """Documents as a customer reads them; those that replace each other are told as one (R382)."""
    told = ("或".join(DOCUMENT_NAMES[kind] for kind in group) for group in choices(kinds, rules))
    return "、".join(told)


def choices(
    kinds: Iterable[DocumentKind], rules: Iterable[DocumentRule] = ()
) -> list[list[DocumentKind]]:
    """What is to be handed in, thing by thing; one of a thing's kinds is enough (R382)."""
    words = {rule.kind: rule.one_of for rule in rules if rule.one_of}
    told: dict[str, list[DocumentKind]] = {}
    for kind in kinds:
        told.setdefault(words.get(kind, kind.value), []).append(kind)
    return list(told.values())


def listed_as_written(wanted: Iterable[str], rules: Iterable[DocumentRule] = ()) -> str:
    """Documents as a customer reads them, with what the desk called by words of its own."""
    ours = {kind.value for kind in DocumentKind}
    kinds, others = list[DocumentKind](), list[str]()
    for one in dict.fromkeys(wanted):
        if one in ours:
            kinds.append(DocumentKind(one))
        else:
            others.append(one)
    return "、".join(one for one in (listed(kinds, rules), *others) if one)


def still_missing(asked_for: Iterable[str], found: Collection[str]) -> list[str]:
    """Of what was asked for, what a look found missing; all of it where the look named none."""
    asked = list(asked_for)
    return [kind for kind in asked if kind in found] or asked


def outstanding(
    rules: Iterable[DocumentRule],
    have: Collection[DocumentKind | str],
    *,
    stage: DocumentStage,
    disease_group: str | None = None,
    service: str | None = None,
) -> tuple[DocumentKind, ...]:
    """What a case still needs; of documents that replace each other one is enough (R382, R678)."""
    asked = [one for one in rules if one.mandatory and one.applies(disease_group, stage, service)]
    met = {one.one_of for one in asked if one.one_of and one.kind in have}
    still = (
        one.kind
        for one in asked
        if one.kind not in have and (one.one_of is None or one.one_of not in met)
    )
    return tuple(dict.fromkeys(still))
