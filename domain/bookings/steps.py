"""The steps of a green-channel booking, with their titles, roles and forms."""

from __future__ import annotations

from typing import Final

from domain.bookings.expenses import ConfirmPayee, ExamineExpenses, ReceivePapers
from domain.bookings.forms import (
    ArrangeService,
    AssignExpert,
    CheckPapers,
    ChooseOption,
    ConfirmBooking,
    DecideUse,
    DeliverReport,
    ExplainReport,
    FollowUpCall,
    NamePerson,
    OfferOptions,
    ReceiveSample,
    ReportVisit,
    ReviewBooking,
    SendKit,
    SurveyReport,
    TakeRequest,
)
from domain.bookings.parcel import ChaseLab, FindParcel
from domain.bookings.rehabilitation import CareCall, PlanCare
from domain.bookings.visit_forms import (
    CallCustomer,
    CallOnTheWay,
    CheckIn,
    CheckOut,
    MeetCustomer,
    OfferVisit,
    PlanEscort,
    ReplaceEscort,
)
from domain.roles import Role
from domain.steps.kinds import TaskKind, TaskTerms, task_terms

BOOKING_TASKS: Final[dict[TaskKind, TaskTerms]] = {
    TaskKind.TAKE_REQUEST: task_terms("首次响应预约", TakeRequest, Role.AGENT),
    TaskKind.CHECK_PAPERS: task_terms("核对预约资料", CheckPapers, Role.AGENT),
    TaskKind.REVIEW_BOOKING: task_terms("审核预约", ReviewBooking, Role.REVIEWER),
    TaskKind.NAME_PERSON: task_terms("指定专人", NamePerson, Role.DISPATCHER),
    TaskKind.OFFER_OPTIONS: task_terms("推荐专家或门诊", OfferOptions, Role.REVIEWER),
    TaskKind.CHOOSE_OPTION: task_terms("选择专家或门诊", ChooseOption, Role.CUSTOMER, Role.AGENT),
    TaskKind.ARRANGE_SERVICE: task_terms("协调医院资源", ArrangeService, Role.DISPATCHER),
    TaskKind.CONFIRM_BOOKING: task_terms(
        "告知并确认预约", ConfirmBooking, Role.AGENT, Role.CUSTOMER
    ),
    TaskKind.REPORT_VISIT: task_terms("登记就诊结果", ReportVisit, Role.AGENT),
    TaskKind.DECIDE_USE: task_terms("判定是否计次", DecideUse, Role.SUPERVISOR),
    TaskKind.FOLLOW_UP_CALL: task_terms("服务回访", FollowUpCall, Role.AGENT),
    TaskKind.SURVEY_REPORT: task_terms("提交服务质量调查报告", SurveyReport, Role.AGENT),
    TaskKind.ASSIGN_EXPERT: task_terms("确定专家或实验室", AssignExpert, Role.DISPATCHER),
    TaskKind.SEND_KIT: task_terms("寄送采样包", SendKit, Role.AGENT),
    TaskKind.RECEIVE_SAMPLE: task_terms("登记样本到达", ReceiveSample, Role.AGENT),
    TaskKind.DELIVER_REPORT: task_terms("交付报告", DeliverReport, Role.AGENT),
    TaskKind.EXPLAIN_REPORT: task_terms("解读报告", ExplainReport, Role.DOCTOR),
    TaskKind.RECEIVE_PAPERS: task_terms("登记收到报销票据", ReceivePapers, Role.AGENT),
    TaskKind.EXAMINE_EXPENSES: task_terms("审核报销票据", ExamineExpenses, Role.REVIEWER),
    TaskKind.CONFIRM_PAYEE: task_terms("核对收款人", ConfirmPayee, Role.FINANCE),
    TaskKind.FIND_PARCEL: task_terms("查找快件", FindParcel, Role.AGENT),
    TaskKind.CHASE_LAB: task_terms("催问实验室", ChaseLab, Role.AGENT),
    TaskKind.PLAN_CARE: task_terms("制定康复计划", PlanCare, Role.AGENT),
    TaskKind.CARE_CALL: task_terms("康复回访", CareCall, Role.AGENT),
    TaskKind.PLAN_ESCORT: task_terms("联系客户并创建陪诊订单", PlanEscort, Role.AGENT),
    TaskKind.OFFER_VISIT: task_terms("派单陪诊人员", OfferVisit, Role.DISPATCHER),
    TaskKind.CALL_CUSTOMER: task_terms("接单后致电客户", CallCustomer, Role.NURSE),
    TaskKind.CHECK_IN: task_terms("提前到达并打卡", CheckIn, Role.NURSE),
    TaskKind.CALL_ON_THE_WAY: task_terms("致电了解客户路程", CallOnTheWay, Role.NURSE),
    TaskKind.MEET_CUSTOMER: task_terms("与客户会面", MeetCustomer, Role.NURSE),
    TaskKind.CHECK_OUT: task_terms("结束陪诊并打卡", CheckOut, Role.NURSE),
    TaskKind.REPLACE_ESCORT: task_terms("处理陪诊人员未到", ReplaceEscort, Role.DISPATCHER),
}
