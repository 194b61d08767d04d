"""Triage: each predicate of a file on both sides, who travels how, who is told at which minute."""

from __future__ import annotations

import pytest

from domain.programmes.offer import EmergencyTerms, Sign
from domain.programmes.programme import Programme
from domain.rescues.triage import (
    Assessment,
    Seen,
    TooLow,
    UnknownGroup,
    Way,
    assess,
    is_reportable,
    is_served,
    needs_stretcher,
    told,
)
from tests.builders import a_calendar, civil, programme_of

P08 = "hosp_critical_friendly"
P09 = "hosp_outpatient_urgent"
P11 = "hosp_general_scheme"
P12 = "hosp_rescue_channel"
P15 = "hosp_shuangcheng_surgery"
CHANNELS = (P08, P09, P11, P12, P15)
UPWARD = "科主任、医务科、分管副院长或医院总值班"


def terms(code: str) -> EmergencyTerms:
    section = programme_of(code).emergency
    assert section is not None
    return section


def seen(
    *groups: str, signs: tuple[Sign, ...] = (), way: Way | None = None, level: int = 4
) -> Seen:
    return Seen(groups=frozenset(groups), signs=frozenset(signs), way=way, level=level)


@pytest.mark.parametrize(
    ("code", "signs", "group"),
    [
        (P08, ("life_threatened", "needs_care_at_once"), "threat_to_life"),
        (P08, ("life_threatened",), None),  # R437 asks for both
        (P08, ("needs_care_at_once",), None),
        (P12, ("unstable_vital_signs",), "other_danger_to_life"),  # R505: either
        (P12, ("danger_to_life_foreseen",), "other_danger_to_life"),
        (P12, ("life_threatened", "needs_care_at_once"), None),
        (P15, ("unstable_vital_signs", "life_threatened"), None),  # R591, R592 name conditions
    ],
)
def test_signs_put_a_patient_into_a_group_only_as_the_file_says(
    code: str, signs: tuple[Sign, ...], group: str | None
) -> None:
    said = assess(terms(code), seen(signs=signs))
    assert said.groups == (() if group is None else (group,))
    assert said.way is (Way.PRIORITY if group is None else Way.RESCUE_ROOM)
    assert said.judged is (group is None)


@pytest.mark.parametrize("code", [P12, P15])
def test_whoever_a_rescue_channel_names_goes_straight_in(code: str) -> None:
    channel = terms(code)
    told_upward = {"infectious_disease", "mass_casualties", "foreign_patient", "senior_official"}
    for group in channel.groups:
        said = assess(channel, seen(group.code))
        straight = group.code not in told_upward
        assert (said.way is Way.RESCUE_ROOM) is straight, group.code
        assert said.level == (1 if straight else 4)  # who is only told upward may be able to wait


@pytest.mark.parametrize("code", CHANNELS)
def test_a_clinician_may_judge_more_urgently_and_never_less(code: str) -> None:
    channel = terms(code)
    for group in channel.groups:
        least = assess(channel, seen(group.code)).way
        assert assess(channel, seen(group.code, way=Way.RESCUE_ROOM)).way is Way.RESCUE_ROOM
        for way in Way:
            if [*Way].index(way) > [*Way].index(least):
                with pytest.raises(TooLow) as low:
                    assess(channel, seen(group.code, way=way))
                assert low.value.at_least is least


@pytest.mark.parametrize("code", CHANNELS)
def test_nobody_is_turned_away_and_no_group_is_made_up(code: str) -> None:
    nobody = assess(terms(code), Seen())
    assert nobody == Assessment(groups=(), way=Way.PRIORITY, level=3, judged=True)
    with pytest.raises(UnknownGroup):
        assess(terms(code), seen("free_beer"))


def test_a_level_is_the_clinicians_unless_the_group_is_more_urgent() -> None:
    assert assess(terms(P15), seen("shock", level=4)).level == 1
    assert assess(terms(P11), seen("elderly", level=4)).level == 3
    assert assess(terms(P11), seen("elderly", level=2)).level == 2
    assert assess(terms(P11), seen(level=4)).level == 4  # of no group: who can wait, can
    assert assess(terms(P11), seen(way=Way.RESCUE_ROOM, level=4)).level == 1


@pytest.mark.parametrize(
    ("group", "lies"),
    [
        ("myocardial_infarction", True),
        ("cerebral_infarction", True),
        ("hypertensive_crisis", True),
        ("cerebral_haemorrhage", True),
        ("urgent", False),
    ],
)
def test_some_travel_on_a_stretcher_only(group: str, lies: bool) -> None:
    assert needs_stretcher(terms(P09), (group,)) is lies
    assert needs_stretcher(terms(P09), ("urgent", group)) is lies
    assert not needs_stretcher(terms(P09), ())


@pytest.mark.parametrize(
    ("group", "service", "served"),
    [
        ("elderly", "priority_registration", True),
        ("elderly", "priority_surgery", False),
        ("emergency_patient", "priority_surgery", True),
        ("cancer", "priority_surgery", True),
        ("cancer", "priority_examination", True),
        ("cancer", "priority_registration", False),
        ("aids", "followup_channel", True),
        ("aids", "priority_surgery", False),
    ],
)
def test_a_group_has_a_right_to_its_own_measures(group: str, service: str, served: bool) -> None:
    assert is_served(programme_of(P11), service, (group,)) is served


@pytest.mark.parametrize(
    ("at", "line"),
    [
        ("2026-09-24 07:59", "院总值班"),
        ("2026-09-24 08:00", "医务科"),
        ("2026-09-24 17:29", "医务科"),
        ("2026-09-24 17:30", "院总值班"),
        ("2026-10-04 10:00", "院总值班"),  # National Day
        ("2026-09-20 10:00", "医务科"),  # a Sunday that is worked
        ("2026-09-19 10:00", "院总值班"),
        ("2050-09-19 10:00", "院总值班"),  # no table: the duty office is always there
    ],
)
@pytest.mark.parametrize("code", [P12, P15])
def test_the_hour_says_who_hears_of_a_rescue(code: str, at: str, line: str) -> None:
    programme = programme_of(code)
    routes = told(programme, at=civil(at), calendar=a_calendar(), reportable=False)
    assert [route.to for route in routes] == [line]


def test_what_is_reportable_is_told_upward_at_the_same_time() -> None:
    night = civil("2026-10-04 02:10")
    assert is_reportable(terms(P15), ("poisoning",))
    assert not is_reportable(terms(P15), ("drowning",))
    assert lines(programme_of(P15), reportable=True) == [UPWARD, "院总值班"]
    assert lines(programme_of(P12), reportable=True) == ["院总值班"]  # it names no upward line
    assert told(programme_of(P08), at=night, calendar=a_calendar(), reportable=True) == ()


def lines(programme: Programme, *, reportable: bool) -> list[str]:
    routes = told(
        programme, at=civil("2026-10-04 02:10"), calendar=a_calendar(), reportable=reportable
    )
    return [route.to for route in routes]
