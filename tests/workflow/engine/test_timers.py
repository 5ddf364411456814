"""When timers are due: dates, durations, cycles and cron in the words of both engines."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from workflow.engine.timers import Due, RetryCycle, first_due, next_due, parse_duration, retry_cycle
from workflow.graph import Semantics
from workflow.graph.events import TimerKind

CAMUNDA_7, ZEEBE = Semantics.CAMUNDA_7, Semantics.ZEEBE
BOTH = pytest.mark.parametrize("semantics", [CAMUNDA_7, ZEEBE])
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 5, 5, 10, 0, 0, tzinfo=UTC)  # a Tuesday


def at(text, zone=UTC):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def due(kind, value, *, now=NOW, semantics=ZEEBE):
    return first_due(kind, value, now=now, semantics=semantics)


def times(value, *, semantics, number=10, now=NOW, wait=timedelta()):
    """Return the times of a cycle that is run `wait` after each time."""
    result = []
    next_one = due(TimerKind.CYCLE, value, now=now, semantics=semantics)
    while next_one is not None and len(result) < number:
        result.append(next_one.at)
        last = next_one
        next_one = next_due(last.repeat, last=last.at, now=last.at + wait) if last.repeat else None
    return result


def seconds_after(moments, now=NOW):
    return [(moment - now).total_seconds() for moment in moments]


# dates


@BOTH
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-12-24T18:00:00Z", "2026-12-24T18:00:00"),
        ("2026-12-24T18:00:00+02:00", "2026-12-24T16:00:00"),
        ("2026-12-24T18:00:00+01:00[Europe/Berlin]", "2026-12-24T17:00:00"),
        ("2026-12-24T18:00:00@Europe/Berlin", "2026-12-24T17:00:00"),
        ("2026-12-24T18:00:00", "2026-12-24T18:00:00"),
        ("2026-12-24T18:00:00.123456789Z", "2026-12-24T18:00:00.123456"),
        (datetime(2026, 12, 24, 18, tzinfo=BERLIN), "2026-12-24T17:00:00"),
        (datetime(2026, 12, 24, 18), "2026-12-24T18:00:00"),  # noqa: DTZ001 - without a zone, as a value may be
        ("2001-01-01T00:00:00Z", "2001-01-01T00:00:00"),
    ],
)
def test_a_date_is_a_moment_in_any_zone(value, expected, semantics):
    assert due(TimerKind.DATE, value, semantics=semantics) == Due(at(expected))


def test_a_date_without_zone_is_in_the_zone_of_now():
    now = NOW.astimezone(BERLIN)
    assert due(TimerKind.DATE, "2026-12-24T18:00:00", now=now).at == at("2026-12-24T17:00:00")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-12-24", "2026-12-24T00:00:00"),
        (date(2026, 12, 24), "2026-12-24T00:00:00"),
        ("P2D", "2026-05-07T10:00:00"),
        ("PT1H", "2026-05-05T11:00:00"),
    ],
)
def test_only_camunda_7_takes_a_day_alone_or_a_duration_for_a_date(value, expected):
    assert due(TimerKind.DATE, value, semantics=CAMUNDA_7) == Due(at(expected))
    with pytest.raises(ValueError, match="a date and time like"):
        due(TimerKind.DATE, value, semantics=ZEEBE)


@BOTH
@pytest.mark.parametrize(
    "value", ["", "tomorrow", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00[Nowhere/Never]", None, 5]
)
def test_what_is_no_date_is_refused(value, semantics):
    with pytest.raises(ValueError, match="a date and time like '2026-01-31T08:00:00Z'"):
        due(TimerKind.DATE, value, semantics=semantics)


def test_the_message_names_what_was_found():
    with pytest.raises(ValueError, match="Invalid date-time format 'tomorrow'"):
        due(TimerKind.DATE, "tomorrow")
    with pytest.raises(ValueError, match="but found null"):
        due(TimerKind.DURATION, None)
    with pytest.raises(ValueError, match="Invalid duration format 'soon'"):
        due(TimerKind.DURATION, "soon")


# durations


@BOTH
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("PT10S", "2026-05-05T10:00:10"),
        ("PT0S", "2026-05-05T10:00:00"),
        ("PT0.5S", "2026-05-05T10:00:00.500000"),
        ("P1Y2M3DT4H5M6S", "2027-07-08T14:05:06"),
        ("P2W", "2026-05-19T10:00:00"),
        ("P0D", "2026-05-05T10:00:00"),
        ("PT36H", "2026-05-06T22:00:00"),
        ("pt1m", "2026-05-05T10:01:00"),
        ("-PT1H", "2026-05-05T09:00:00"),
        ("PT-1H30M", "2026-05-05T09:30:00"),
        (timedelta(minutes=5), "2026-05-05T10:05:00"),
    ],
)
def test_a_duration_counts_from_now(value, expected, semantics):
    assert due(TimerKind.DURATION, value, semantics=semantics) == Due(at(expected))


def test_the_31st_becomes_the_last_day_of_a_shorter_month():
    assert due(TimerKind.DURATION, "P1M", now=at("2026-01-31T08:00:00")).at == at("2026-02-28T08:00:00")
    assert due(TimerKind.DURATION, "P1Y", now=at("2028-02-29T08:00:00")).at == at("2029-02-28T08:00:00")


def test_days_are_counted_by_the_calendar_and_hours_by_the_clock():
    before_summer_time = at("2026-03-28T08:00:00", BERLIN)
    assert due(TimerKind.DURATION, "P1D", now=before_summer_time).at == at("2026-03-29T08:00:00", BERLIN)
    assert due(TimerKind.DURATION, "PT24H", now=before_summer_time).at == at("2026-03-29T09:00:00", BERLIN)


@pytest.mark.parametrize("value", ["", "P", "PT", "P1DT", "1H", "PT1X", "P1.5M", "PT1H PT2H", "R3/PT1H", 10, True, []])
def test_what_is_no_duration_is_refused(value):
    with pytest.raises(ValueError, match="an ISO 8601 duration like 'PT15M' or 'P2D'"):
        due(TimerKind.DURATION, value)


@BOTH
@pytest.mark.parametrize("value", ["P9999Y", "P99999999999999999999D", "PT" + "9" * 100 + "H", "-P2100Y"])
def test_a_time_beyond_the_calendar_is_refused(value, semantics):
    with pytest.raises(ValueError, match="up to the year 9999"):
        due(TimerKind.DURATION, value, semantics=semantics)


def test_a_text_without_end_is_refused():
    with pytest.raises(ValueError, match="at most 200 characters for a timer's time, but found 100001"):
        due(TimerKind.DURATION, "P" + "1" * 100_000)


# cycles


@BOTH
def test_a_cycle_occurs_as_often_as_it_says(semantics):
    assert seconds_after(times("R3/PT10S", semantics=semantics)) == [10, 20, 30]


@BOTH
@pytest.mark.parametrize("text", ["R/PT10S", "R-1/PT10S"])
def test_a_cycle_without_a_number_never_ends(text, semantics):
    assert seconds_after(times(text, semantics=semantics, number=100)) == [10.0 * n for n in range(1, 101)]


@BOTH
def test_a_cycle_that_is_run_late_does_not_drift(semantics):
    moments = times("R3/PT10S", semantics=semantics, wait=timedelta(seconds=3))
    assert seconds_after(moments) == [10, 20, 30]


@pytest.mark.parametrize(("semantics", "expected"), [(CAMUNDA_7, [10, 40]), (ZEEBE, [10, 45, 80, 115])])
def test_what_was_missed_is_used_up_in_camunda_7_and_postponed_in_zeebe(semantics, expected):
    late = timedelta(seconds=25)
    assert seconds_after(times("R4/PT10S", semantics=semantics, wait=late)) == expected


def test_an_early_run_by_hand_leaves_the_schedule_of_camunda_7_alone():
    first = due(TimerKind.CYCLE, "R2/PT1H", semantics=CAMUNDA_7)
    assert next_due(first.repeat, last=first.at, now=NOW + timedelta(minutes=1)) == first


def test_a_postponed_time_does_not_move_the_schedule_of_camunda_7():
    first = due(TimerKind.CYCLE, "R3/PT1H", semantics=CAMUNDA_7)
    postponed = first.at + timedelta(minutes=20)
    assert next_due(first.repeat, last=postponed, now=postponed).at == NOW + timedelta(hours=2)


@pytest.mark.parametrize(("semantics", "expected"), [(CAMUNDA_7, 3), (ZEEBE, 2)])
def test_a_cycle_with_a_start_ahead_begins_there(semantics, expected):
    """Camunda 7 does not count the start itself."""
    moments = times("R2/2026-05-05T12:00:00Z/PT1H", semantics=semantics)
    assert moments == [NOW + timedelta(hours=2 + n) for n in range(expected)]


def test_a_start_that_is_over_begins_now_in_zeebe_and_by_schedule_in_camunda_7():
    text = "R/2026-05-05T08:45:00Z/PT1H"
    assert due(TimerKind.CYCLE, text, semantics=ZEEBE).at == NOW
    assert due(TimerKind.CYCLE, text, semantics=CAMUNDA_7).at == at("2026-05-05T10:45:00")


def test_a_start_may_name_its_zone():
    text = "R/2026-06-01T08:00:00+02:00[Europe/Berlin]/P1D"
    assert due(TimerKind.CYCLE, text).at == at("2026-06-01T06:00:00")


def test_camunda_7_refuses_a_cycle_that_is_over():
    with pytest.raises(ValueError, match="a cycle that is not over, but found 'R2/2026-01-01T00:00:00Z/PT1H'"):
        due(TimerKind.CYCLE, "R2/2026-01-01T00:00:00Z/PT1H", semantics=CAMUNDA_7)


def test_camunda_7_repeats_what_lies_between_start_and_end():
    moments = times("R/2026-05-05T10:00:00Z/2026-05-05T10:15:00Z", semantics=CAMUNDA_7, number=3)
    assert seconds_after(moments) == [900, 1800, 2700]


def test_camunda_7_counts_back_from_an_end():
    assert seconds_after(times("R2/PT1H/2026-05-05T16:30:00Z", semantics=CAMUNDA_7)) == [16200, 19800, 23400]
    assert seconds_after(times("R/PT3H/2026-05-05T16:30:00Z", semantics=CAMUNDA_7)) == [1800, 12600, 23400]
    with pytest.raises(ValueError, match="Invalid cycle format"):
        due(TimerKind.CYCLE, "R2/PT1H/2026-05-05T16:30:00Z", semantics=ZEEBE)


def test_a_monthly_cycle_of_camunda_7_keeps_its_day():
    moments = times("R3/P1M", semantics=CAMUNDA_7, now=at("2026-01-31T08:00:00"))
    assert [moment.date().isoformat() for moment in moments] == ["2026-02-28", "2026-03-31", "2026-04-30"]


@pytest.mark.parametrize("each", ["PT0.001S", "P1D", "P1M", "P1Y", "P1M1DT1S"])
def test_a_schedule_that_began_long_ago_is_found_at_once(each):
    first = due(TimerKind.CYCLE, f"R/0002-01-01T00:00:00Z/{each}", semantics=CAMUNDA_7)
    assert NOW < first.at <= parse_duration(each).after(NOW)
    last = due(TimerKind.CYCLE, f"R/{each}/9999-01-01T00:00:00Z", semantics=CAMUNDA_7)
    assert NOW < last.at <= parse_duration(each).after(NOW) + timedelta(days=3)


def test_a_daily_cycle_keeps_its_hour_when_the_clocks_change():
    now = at("2026-03-27T08:00:00", BERLIN)
    for semantics in (CAMUNDA_7, ZEEBE):
        moments = times("R3/P1D", semantics=semantics, now=now)
        assert [(moment.day, moment.hour) for moment in moments] == [(28, 8), (29, 8), (30, 8)]


def test_a_cycle_ends_with_the_calendar():
    assert next_due("R/P1Y", last=at("9999-06-01T00:00:00"), now=at("9999-06-01T00:00:00")) is None


@BOTH
@pytest.mark.parametrize(
    "value",
    [
        "R", "R3", "R/", "Rx/PT1H", "R3/", "R3/PT1H/PT1H", "R3/PT1H/2026-01-01T00:00:00Z/x", "3/PT1H", "PT1H",
        "R3/2026-01-01T00:00:00Z",
        "", "* * * * *", "@sometimes", "0 0 0 * * X", "60 0 0 * * ?", "0 0 0 * R *", "H 0 0 * * *", "0 0 0 32 * ?",
        "0 0 0 ? * MON#6#1", None, 5,
    ],
)  # fmt: skip
def test_what_is_no_cycle_is_refused(value, semantics):
    with pytest.raises(ValueError, match=r"Invalid|Expected"):
        due(TimerKind.CYCLE, value, semantics=semantics)


@BOTH
@pytest.mark.parametrize(
    "value", ["R/PT0S", "R/P0D", "R3/-PT1H", "R/P1DT-1H", "R/2026-02-01T00:00:00Z/2026-01-01T00:00:00Z"]
)
def test_a_cycle_that_would_stand_still_is_refused(value, semantics):
    with pytest.raises(ValueError, match="longer than nothing"):
        due(TimerKind.CYCLE, value, semantics=semantics)


@BOTH
def test_a_cycle_of_no_repetition_is_refused(semantics):
    with pytest.raises(ValueError, match="at least once, but found 'R0/PT1H'"):
        due(TimerKind.CYCLE, "R0/PT1H", semantics=semantics)


# cron


@BOTH
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0 0/5 * * * ?", ["2026-05-05T10:05:00", "2026-05-05T10:10:00"]),
        ("0/2 * * * * ?", ["2026-05-05T10:00:02", "2026-05-05T10:00:04"]),
        ("0 0 9-17 * * MON-FRI", ["2026-05-05T11:00:00", "2026-05-05T12:00:00"]),
        ("0 0 9 ? * mon,wed", ["2026-05-06T09:00:00", "2026-05-11T09:00:00"]),
        ("0 15 10 L * ?", ["2026-05-31T10:15:00", "2026-06-30T10:15:00"]),
        ("0 0 8 LW * ?", ["2026-05-29T08:00:00", "2026-06-30T08:00:00"]),
        ("0 0 8 L-3 * ?", ["2026-05-28T08:00:00", "2026-06-27T08:00:00"]),
        ("0 0 8 9W * ?", ["2026-05-08T08:00:00", "2026-06-09T08:00:00"]),
        ("0 0 8 ? * FRI#2", ["2026-05-08T08:00:00", "2026-06-12T08:00:00"]),
        ("0 0 8 ? * FRIL", ["2026-05-29T08:00:00", "2026-06-26T08:00:00"]),
        ("0 0 8 ? * FRI-MON", ["2026-05-08T08:00:00", "2026-05-09T08:00:00"]),
        ("0 0 8 1 JAN,JUL ?", ["2026-07-01T08:00:00", "2027-01-01T08:00:00"]),
        ("0 0 8 13 * FRI", ["2026-11-13T08:00:00", "2027-08-13T08:00:00"]),
    ],
)
def test_cron_expressions_of_both_engines(value, expected, semantics):
    assert times(value, semantics=semantics, number=2) == [at(text) for text in expected]


@pytest.mark.parametrize(
    ("weekday", "quartz", "spring"),
    [
        ("1", "2026-05-10", "2026-05-11"),
        ("6", "2026-05-08", "2026-05-09"),
        ("6L", "2026-05-29", "2026-05-30"),
        ("6#3", "2026-05-15", "2026-05-16"),
        ("6/1", "2026-05-08", "2026-05-09"),
        ("1,6", "2026-05-08", "2026-05-09"),
        ("6-7", "2026-05-08", "2026-05-09"),
    ],
)
def test_weekdays_are_numbered_from_sunday_in_quartz_and_from_monday_in_spring(weekday, quartz, spring):
    text = f"0 0 0 ? * {weekday}"
    assert due(TimerKind.CYCLE, text, semantics=CAMUNDA_7).at == at(f"{quartz}T00:00:00")
    assert due(TimerKind.CYCLE, text, semantics=ZEEBE).at == at(f"{spring}T00:00:00")


def test_saturday_alone_is_the_l_of_quartz():
    assert due(TimerKind.CYCLE, "0 0 0 ? * L", semantics=CAMUNDA_7).at == at("2026-05-09T00:00:00")


@pytest.mark.parametrize("weekday", ["0", "8", "0-3"])
def test_quartz_has_no_weekday_zero(weekday):
    with pytest.raises(
        ValueError, match=f"Invalid cycle format '0 0 0 \\? \\* {weekday}': weekdays are numbered from 1"
    ):
        due(TimerKind.CYCLE, f"0 0 0 ? * {weekday}", semantics=CAMUNDA_7)


def test_only_quartz_has_years():
    assert times("0 0 8 1 1 ? 2027-2028", semantics=CAMUNDA_7) == [at("2027-01-01T08:00:00"), at("2028-01-01T08:00:00")]
    with pytest.raises(ValueError, match="Invalid cycle format"):
        due(TimerKind.CYCLE, "0 0 8 1 1 ? 2027-2028", semantics=ZEEBE)


@pytest.mark.parametrize(
    ("macro", "expected"),
    [
        ("@yearly", "2027-01-01T00:00:00"),
        ("@monthly", "2026-06-01T00:00:00"),
        ("@weekly", "2026-05-10T00:00:00"),
        ("@daily", "2026-05-06T00:00:00"),
        ("@midnight", "2026-05-06T00:00:00"),
        ("@hourly", "2026-05-05T11:00:00"),
    ],
)
def test_only_zeebe_has_macros(macro, expected):
    assert due(TimerKind.CYCLE, macro, semantics=ZEEBE).at == at(expected)
    with pytest.raises(ValueError, match="Invalid cycle format"):
        due(TimerKind.CYCLE, macro, semantics=CAMUNDA_7)


@BOTH
def test_cron_goes_by_the_clock_of_the_zone_of_now(semantics):
    now = NOW.astimezone(BERLIN)
    assert due(TimerKind.CYCLE, "0 0 18 * * ?", now=now, semantics=semantics).at == at("2026-05-05T16:00:00")


@BOTH
def test_cron_skips_what_was_missed(semantics):
    first = due(TimerKind.CYCLE, "0 0 * * * ?", semantics=semantics)
    late = first.at + timedelta(hours=5, minutes=30)
    assert next_due(first.repeat, last=first.at, now=late).at == at("2026-05-05T17:00:00")


@BOTH
@pytest.mark.parametrize("value", ["0 0 0 30 2 ?", "0 0 0 L-30 4 ?"])
def test_cron_that_never_occurs_is_refused(value, semantics):
    with pytest.raises(ValueError, match="occurs in the next 50 years, but found"):
        due(TimerKind.CYCLE, value, semantics=semantics)


def test_cron_of_a_year_that_is_over_is_refused_and_ends_a_timer():
    with pytest.raises(ValueError, match="occurs in the next 50 years"):
        due(TimerKind.CYCLE, "0 0 8 1 1 ? 2020", semantics=CAMUNDA_7)
    assert next_due("0 0 8 1 1 ? 2026", last=NOW, now=NOW) is None


@BOTH
def test_the_rest_of_a_cycle_fits_its_column(semantics):
    days = ",".join(str(day) for day in range(1, 8))
    longest = f"0 {','.join(str(n) for n in range(50))} 0 ? * {days}"
    assert len(due(TimerKind.CYCLE, longest, semantics=semantics).repeat) <= 255


# failed jobs


def test_a_retry_time_cycle_has_retries_and_one_wait():
    cycle = retry_cycle("R5/PT5M")
    assert cycle == RetryCycle(5, (timedelta(minutes=5),))
    assert [cycle.wait_before(left) for left in (4, 3, 2, 1)] == [timedelta(minutes=5)] * 4


def test_a_list_of_waits_means_one_try_more():
    cycle = retry_cycle("PT10M, PT17M,PT20M")
    assert cycle.retries == 4
    assert [cycle.wait_before(left) for left in (3, 2, 1)] == [timedelta(minutes=n) for n in (10, 17, 20)]


def test_more_retries_than_waits_use_the_first_and_the_last():
    cycle = retry_cycle("PT10M,PT20M")
    assert cycle.wait_before(9) == timedelta(minutes=10)
    assert cycle.wait_before(0) == timedelta(minutes=20)


def test_one_wait_alone_means_two_tries():
    assert retry_cycle("P1D").retries == 2


@pytest.mark.parametrize(
    "text", ["", "R", "R5", "R5/", "R/PT5M", "R0/PT5M", "R-1/PT5M", "R²/PT5M", "R5/PT5M,PT6M", "PT5M,", "-PT5M", "R5/x"]
)
def test_what_is_no_retry_time_cycle_is_refused(text):
    with pytest.raises(ValueError, match="Invalid retry time cycle"):
        retry_cycle(text)
