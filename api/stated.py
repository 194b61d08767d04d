"""What a programme's own papers state beside its rules: network, plans, ways of paying, figures.

Nothing here is a promise. Where the papers are internal (R111) it is read in the house only; how a
customer gets in, and who learns of him, everybody may read.
"""

from __future__ import annotations

from pydantic import BaseModel, Field

from api.door.identity import Caller
from domain.programmes.offer import KeyFigure
from domain.programmes.programme import Programme
from domain.programmes.terms import HospitalRule, ModeTerms, Plan, Province
from domain.roles import Role

_OUTSIDE = frozenset({Role.CUSTOMER, Role.CHANNEL})


class WayIn(BaseModel):
    """A hotline, an account, a counter, and what one may ask for there (C-10)."""

    code: str
    name: str
    kind: str
    address: str
    path: str = Field(description="在该入口内如何找到服务")
    languages: list[str]
    purposes: list[str]
    hours: str


class LearnsOfIt(BaseModel):
    """Who is told of a customer, and whether they are bound to keep it to themselves (R484)."""

    who: str
    name: str
    confidentiality: bool


class StatedProvince(BaseModel):
    """How many hospitals of a province the source counts, and how sure its reading is (C-06)."""

    name: str
    hospitals: int
    certainty: str


class StatedNetwork(BaseModel):
    """Which list the hospitals stand in, and how many the source counts."""

    listed_as: str | None = Field(description="来源所称的医院名单; 未说明时为空")
    cities: list[str]
    city_total: int | None
    hospital_total: int | None
    online_payment_total: int | None = Field(description="可线上支付的医院数")
    provinces: list[StatedProvince]


class StatedPlan(BaseModel):
    """A sales channel's row of the yearly plan table; without a plan it is not entitled (C-09)."""

    sales_channel: str
    name: str
    batch: str | None = Field(description="批次 (R082)")
    plan: str | None


class StatedMode(BaseModel):
    """A way of paying a hospital, where it is open, and the words it comes from."""

    mode: str
    name: str
    where: str
    quote: str


class StatedFigure(BaseModel):
    """A number the source states about itself."""

    code: str
    name: str
    value: str


class Stated(BaseModel):
    """What the papers of one programme state."""

    network: StatedNetwork
    plans: list[StatedPlan]
    products: list[str] = Field(description="指定产品")
    payment_modes: list[StatedMode]
    team: list[str] = Field(description="标准服务团队 (R046)")
    figures: list[StatedFigure]


def ways_into(programme: Programme) -> list[WayIn]:
    """How a customer gets in."""
    return [
        WayIn(
            code=one.code,
            name=one.name,
            kind=one.kind,
            address=one.address,
            path=one.path,
            languages=list(one.languages),
            purposes=list(one.purposes),
            hours=one.hours,
        )
        for one in programme.channels
    ]


def learn_of_it(programme: Programme) -> list[LearnsOfIt]:
    """Who is told of a customer."""
    return [
        LearnsOfIt(who=one.who, name=one.name, confidentiality=one.confidentiality)
        for one in programme.data_sharing
    ]


def stated_to(caller: Caller, programme: Programme) -> Stated | None:
    """What the papers state, None for outsiders where they are internal (R111)."""
    if programme.internal and _OUTSIDE.issuperset(caller.roles):
        return None
    waiver = programme.waiver
    return Stated(
        network=_network(programme.hospitals),
        plans=[_plan(one) for one in programme.plans],
        products=[one.name for one in programme.products],
        payment_modes=[_mode(one) for one in waiver.payment_modes] if waiver else [],
        team=[one.name for one in waiver.team] if waiver else [],
        figures=[_figure(one) for one in programme.figures],
    )


def _network(rule: HospitalRule) -> StatedNetwork:
    return StatedNetwork(
        listed_as=rule.listed_as,
        cities=list(rule.cities),
        city_total=rule.city_total,
        hospital_total=rule.network_total,
        online_payment_total=rule.online_payment_total,
        provinces=[_province(one) for one in rule.provinces],
    )


def _province(one: Province) -> StatedProvince:
    return StatedProvince(name=one.name, hospitals=one.hospitals, certainty=one.certainty)


def _plan(one: Plan) -> StatedPlan:
    return StatedPlan(
        sales_channel=one.sales_channel, name=one.name, batch=one.batch, plan=one.plan
    )


def _mode(one: ModeTerms) -> StatedMode:
    return StatedMode(mode=one.mode, name=one.name, where=one.where, quote=one.quote)


def _figure(one: KeyFigure) -> StatedFigure:
    return StatedFigure(code=one.code, name=one.name, value=one.value)
