"""The steps of a rescue, with their titles, roles and forms; the hospital's own people do them."""

from __future__ import annotations

from typing import Final

from domain.rescues.forms import (
    AlertDepartment,
    CollectFees,
    CoordinateRescue,
    DecideWard,
    MakeReady,
    RecordOutcome,
    RecordStep,
    ReportRescue,
    TriagePatient,
)
from domain.roles import HOSPITAL_ROLES, Role
from domain.steps.kinds import TaskKind, TaskTerms, task_terms

CLINICIANS: Final = (Role.HOSPITAL_NURSE, Role.HOSPITAL_DOCTOR)

RESCUE_TASKS: Final[dict[TaskKind, TaskTerms]] = {
    TaskKind.TRIAGE_PATIENT: task_terms("分诊评估", TriagePatient, *CLINICIANS),
    TaskKind.RESCUE_STEP: task_terms("登记救治步骤", RecordStep, *HOSPITAL_ROLES),
    TaskKind.ALERT_DEPARTMENT: task_terms("通知科室优先处置", AlertDepartment, *HOSPITAL_ROLES),
    TaskKind.REPORT_RESCUE: task_terms("报告抢救情况", ReportRescue, *HOSPITAL_ROLES),
    TaskKind.COORDINATE_RESCUE: task_terms(
        "协调科室协助抢救", CoordinateRescue, Role.HOSPITAL_DUTY
    ),
    TaskKind.RESCUE_OUTCOME: task_terms("登记救治结果", RecordOutcome, *CLINICIANS),
    TaskKind.DECIDE_WARD: task_terms("判定收治科室", DecideWard, Role.HOSPITAL_DUTY),
    TaskKind.COLLECT_FEES: task_terms(
        "催交诊疗费用", CollectFees, Role.HOSPITAL_STAFF, Role.HOSPITAL_NURSE
    ),
    TaskKind.MAKE_READY: task_terms("补齐急救通道", MakeReady, Role.HOSPITAL_DUTY),
}
