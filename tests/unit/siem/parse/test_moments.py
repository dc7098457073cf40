"""Times: what is written, what is left open and how it is resolved."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.siem.parse.moments import Moment, compile_form, zone_named

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
REFERENCE = datetime(2026, 11, 26, 12, tzinfo=UTC)


def micros(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)


def read(form: str, text: str, zone: ZoneInfo = SHANGHAI, reference: datetime = REFERENCE) -> str | None:
    found = compile_form(form)(text)
    if isinstance(found, Moment):
        found = found.resolve(zone, micros(reference))
    if found is None:
        return None
    return (
        datetime.fromtimestamp(found // 1_000_000, UTC).replace(microsecond=found % 1_000_000, tzinfo=None).isoformat()
    )


@pytest.mark.parametrize(
    ("form", "text", "utc"),
    [
        ("iso", "2026-11-26T08:00:00+08:00", "2026-11-26T00:00:00"),
        ("iso", "2026-11-26T00:00:00.123Z", "2026-11-26T00:00:00.123000"),
        ("iso", "2026-11-26 08:00:00", "2026-11-26T00:00:00"),
        ("iso", "2026-11-26 08:00:00,5", "2026-11-26T00:00:00.500000"),
        ("iso", "2026-11-26 08:00:00.123 CST", "2026-11-26T00:00:00.123000"),
        ("iso", "2026-11-26 00:00:00 UTC", "2026-11-26T00:00:00"),
        ("iso", "2026/1/6 8:00:00", "2026-01-06T00:00:00"),
        ("iso", "2026-11-26T00:00:00.1234567Z", "2026-11-26T00:00:00.123456"),
        ("iso", "2026-11-26T23:59:60", "2026-11-26T16:00:00"),
        ("iso", "2026-02-30T00:00:00Z", None),
        ("iso", "NoneZ", None),
        ("iso", "", None),
        ("epoch", "1795651200.123", "2026-11-26T00:00:00.123000"),
        ("epoch", "0", "1970-01-01T00:00:00"),
        ("epoch", "99999999999999999999", None),
        ("epoch_ms", "1795651200123", "2026-11-26T00:00:00.123000"),
        ("epoch_us", "1795651200123456", "2026-11-26T00:00:00.123456"),
        ("epoch", "x", None),
        ("syslog", "Nov 26 08:00:00", "2026-11-26T00:00:00"),
        ("syslog", "Nov  6 08:00:00", "2026-11-06T00:00:00"),
        ("syslog", "Nov 27 08:00:00", "2026-11-27T00:00:00"),  # not more than a day ahead
        ("syslog", "Nov 28 08:00:00", "2025-11-28T00:00:00"),
        ("syslog", "Feb 29 08:00:00", "2024-02-29T00:00:00"),
        ("syslog", "Nov 26 2025 08:00:00.5", "2025-11-26T00:00:00.500000"),
        ("syslog", "*Nov 26 08:00:00.123 UTC:", "2026-11-26T08:00:00.123000"),
        ("syslog", "Thu Nov 26 08:00:00 2026", "2026-11-26T00:00:00"),
        ("syslog", "Foo 26 08:00:00", None),
        ("syslog", "Nov 31 08:00:00", None),
        ("%d/%b/%Y:%H:%M:%S %z", "26/Nov/2026:08:00:00 +0800", "2026-11-26T00:00:00"),
        ("%d-%b-%Y %H:%M:%S.%f", "26-Nov-2026 08:00:00.123", "2026-11-26T00:00:00.123000"),
        ("%d-%b-%Y %H:%M:%S", "26-11月-2026 08:00:00", "2026-11-26T00:00:00"),
        ("%d-%b-%Y %H:%M:%S", "26-十二月-2026 08:00:00", "2026-12-26T00:00:00"),
        ("%y%m%d %H:%M:%S", "261126  8:00:00", "2026-11-26T00:00:00"),
        ("%m/%d/%Y %I:%M:%S %p", "11/26/2026 12:30:00 AM", "2026-11-25T16:30:00"),
        ("%b %d %H:%M:%S", "Dec 31 08:00:00", "2025-12-31T00:00:00"),
        ("%Y-%m-%d", "2026-11-26 and more", None),
    ],
)
def test_forms(form: str, text: str, utc: str | None) -> None:
    assert read(form, text) == utc


def test_new_year_belongs_to_the_year_it_is_nearest() -> None:
    january = datetime(2027, 1, 1, 0, 30, tzinfo=UTC)
    assert read("syslog", "Dec 31 23:59:59", reference=january) == "2026-12-31T15:59:59"
    assert read("syslog", "Jan  1 09:00:00", reference=datetime(2026, 12, 31, 23, tzinfo=UTC)) == "2027-01-01T01:00:00"


def test_hours_that_summer_time_repeats_or_leaves_out() -> None:
    assert read("iso", "2026-10-25 02:30:00", BERLIN) == "2026-10-25T00:30:00"  # the first of the two
    assert read("iso", "2026-03-29 02:30:00", BERLIN) == "2026-03-29T01:30:00"  # with the offset before


@pytest.mark.parametrize("form", ["%Q", "plain", ""])
def test_forms_that_cannot_be(form: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        compile_form(form)


@pytest.mark.parametrize(
    ("name", "there"), [("Asia/Shanghai", True), ("Asia/Nowhere", False), ("../etc/passwd", False)]
)
def test_zones(name: str, there: bool) -> None:
    assert (zone_named(name) is not None) is there


FORMS = ["iso", "epoch", "epoch_ms", "syslog", "%d/%b/%Y:%H:%M:%S %z", "%y%m%d %H:%M:%S"]


@given(text=st.text(max_size=60) | st.from_regex(r"[0-9]{0,4}[-/ ][A-Za-z0-9]{1,3}[-/ ][0-9: .+Z-]{0,30}"))
def test_any_text_is_read_or_not(text: str) -> None:
    for form in FORMS:
        read(form, text) if not text.startswith("-") else compile_form(form)(text)


@given(moment=st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds
def test_what_is_written_is_read(moment: datetime) -> None:
    for form in ("%Y-%m-%dT%H:%M:%S.%f%z", "%d/%b/%Y:%H:%M:%S.%f %z"):
        assert compile_form(form)(moment.strftime(form)).resolve(SHANGHAI, 0) == micros(moment)  # type: ignore[union-attr]
    assert compile_form("iso")(moment.isoformat()) == micros(moment)
