"""Which alert an event joins."""

import pytest

from sec_ops.detection.alerts.grouping import group_of, joined_text, same_names
from sec_ops.detection.rule import LogSource
from tests.unit.detection.alerts.makers import HOUR_US, NOON_US, correlation, hit, rule

WHO = {"host": "Web-1", "user": "Root", "address": "10.0.0.9"}


@pytest.mark.parametrize(
    ("source", "entity", "key"),
    [
        (LogSource(product="windows", category="process_creation"), WHO, (("host", "web-1"),)),
        (LogSource(category="webserver"), WHO, (("address", "10.0.0.9"),)),
        (LogSource(product="aws", service="cloudtrail"), WHO, (("user", "root"),)),
        (LogSource(product="aws"), WHO | {"user": ""}, (("host", "web-1"),)),
        (LogSource(category="webserver"), {"host": "", "user": "root"}, (("user", "root"),)),
        (LogSource(), {"host": ""}, ()),
    ],
)
def test_the_entity_a_log_source_is_about(
    source: LogSource, entity: dict[str, str], key: tuple[tuple[str, str], ...]
) -> None:
    found = hit(of=rule(source), **entity)  # type: ignore[arg-type]
    assert group_of(found, same_names).key == key


def test_fields_that_the_rule_names_come_first() -> None:
    by_two = rule(alert_by=("source.ip", "user.name"))
    event = {"source.ip": ["10.0.0.1", "10.0.0.2"], "user.name": None}
    assert group_of(hit(of=by_two, event=event), same_names).key == (
        ("source.ip", "10.0.0.1, 10.0.0.2"),
        ("user.name", ""),
    )
    assert group_of(hit(of=by_two, event={}), same_names).key == (("host", "web-1"),)


def test_a_correlation_groups_by_its_own_group() -> None:
    found = hit(of=correlation(), group=(("source.ip", "10.0.0.1"),))
    assert group_of(found, same_names).key == (("source.ip", "10.0.0.1"),)
    assert group_of(hit(of=correlation(alert_by=("source.ip",)), group=(("source.ip", "A"),)), same_names).key == (
        ("source.ip", "a"),
    )


def test_names_that_a_shape_gives_a_field() -> None:
    found = hit(of=rule(alert_by=("Image",)), event={"process.executable": "/bin/sh"})
    assert group_of(found, lambda _rule, _shape, _field: ("Image", "process.executable")).key == (("Image", "/bin/sh"),)


@pytest.mark.parametrize(
    ("time_us", "begin_us"),
    [
        (NOON_US, NOON_US),
        (NOON_US + HOUR_US - 1, NOON_US),
        (NOON_US + HOUR_US, NOON_US + HOUR_US),
        (-1, -HOUR_US),
        (None, None),
        (2**70, None),
    ],
)
def test_spans_begin_at_whole_multiples(time_us: int | None, begin_us: int | None) -> None:
    assert group_of(hit(time_us=time_us), same_names).begin_us == begin_us


def test_ids_differ_by_every_part() -> None:
    groups = [
        group_of(hit(), same_names),
        group_of(hit(of=rule(id="r-2")), same_names),
        group_of(hit(host="web-2"), same_names),
        group_of(hit(time_us=NOON_US + HOUR_US), same_names),
        group_of(hit(time_us=None), same_names),
        group_of(hit(), same_names, suppression="s-1"),
    ]
    assert len({group.id for group in groups}) == len(groups)
    assert group_of(hit(2, host="WEB-1"), same_names).id == groups[0].id


def test_long_and_broken_values_stay_apart_and_can_be_kept() -> None:
    one, other = (group_of(hit(host="x" * 5000 + last), same_names) for last in "ab")
    assert one.id != other.id
    assert len(one.key[0][1]) < 300
    assert group_of(hit(host="\ud800"), same_names).key[0][1].encode()


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (1.0, "1"), (1.5, "1.5"), (None, ""), ([1, "b", None], "1, b"), ("x", "x")],
)
def test_joined_text(value: object, text: str) -> None:
    assert joined_text(value) == text  # type: ignore[arg-type]
