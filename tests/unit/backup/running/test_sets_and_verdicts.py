"""Sets of sources, the worst of verdicts, and a command for each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.backup.running.sets import consistent_sets
from sec_ops.backup.running.verdicts import COUNTS, GRAVITY, command_after, judged_of, worst
from sec_ops.backup.verdict import Judged, Verdict, judged_link, outcome_of
from sec_ops.backup.words import VERDICT_WORDS
from sec_ops.model.backup_plan import SourceSettings
from sec_ops.model.errors import (
    AuthenticationFailed,
    ConnectionLost,
    ConnectionRefused,
    ContentInvalid,
    DeadlineExceeded,
    Fault,
    HostKeyChanged,
    HostKeyUnknown,
    HostUnreachable,
    NameUnknown,
    PrivilegeRefused,
    ProgramFailed,
    TransportError,
)
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import translator

NAMES = "abcdef"
LINKS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)))


def judged(verdict: Verdict) -> Judged:
    return Judged(verdict=verdict, what=message("done"))


@given(LINKS)
def test_sources_that_name_each_other_are_one_set_in_the_plans_order(links: list[tuple[str, str]]) -> None:
    sources = [
        SourceSettings(id=name, kind="files", consistent_with=tuple(other for one, other in links if one == name))
        for name in NAMES
    ]
    sets = [[each.id for each in found] for found in consistent_sets(sources)]
    assert sorted(name for found in sets for name in found) == list(NAMES)
    assert all(found == sorted(found) for found in sets)
    together = {name: {name} for name in NAMES}
    for _ in NAMES:
        for one, other in links:
            both = together[one] | together[other]
            for name in both:
                together[name] = both
    assert all(set(found) == together[found[0]] for found in sets)


@given(st.lists(st.sampled_from(list(Verdict))))
def test_the_worst_verdict_wins_and_only_good_ones_are_good(verdicts: list[Verdict]) -> None:
    found = worst(map(judged, verdicts)).verdict
    assert found == max(verdicts, key=GRAVITY.index, default=Verdict.OK)
    assert (found is Verdict.OK) == (set(verdicts) <= {Verdict.OK})


def test_every_verdict_has_its_place_its_word_and_a_command() -> None:
    assert set(GRAVITY) == set(VERDICT_WORDS) == set(Verdict)
    for each in Verdict:
        assert command_after(each, "records", "a").startswith("sec-ops backup ")
        assert (outcome_of(each) is Outcome.CLEAN) == (each is Verdict.OK)
    assert set(COUNTS) == {Verdict.OK, Verdict.PARTIAL}


def test_errors_are_verdicts_with_all_that_is_known() -> None:
    gone = judged_of(HostUnreachable(message("done"), where="10.0.0.1", why="no route"))
    assert (gone.verdict, gone.why) == (Verdict.UNREACHABLE, "10.0.0.1\nno route")
    assert judged_of(ProgramFailed(message("done"))).verdict is Verdict.FAILED
    faults = [Fault(file="a.yml", line=3, path="password", message=message("there is no such file"))]
    unread = judged_of(ContentInvalid(faults))
    assert (str(unread.what), unread.why) == ("a.yml:3: password: there is no such file", "")


def test_faults_are_told_in_the_reader_s_language_the_first_of_many() -> None:
    fault = Fault(file="a.yml", line=3, path="", message=message("others may read it (mode {mode})", mode="0644"))
    words = translator("zh")
    assert judged_of(ContentInvalid([fault])).what.render(words) == "a.yml:3：其他用户可访问（权限 0644）"
    two = judged_of(ContentInvalid([fault] * 2)).what.render(words)
    assert two == "a.yml:3：其他用户可访问（权限 0644）；a.yml:3：其他用户可访问（权限 0644）"
    many = judged_of(ContentInvalid([fault] * 9)).what.render(words)
    assert (many.count("a.yml"), many[-3:]) == (5, "；……")
    assert judged_of(ContentInvalid([])).what == ContentInvalid([]).what


@pytest.mark.parametrize(
    ("kind", "verdict", "outcome"),
    [
        (ConnectionLost, Verdict.INTERRUPTED, Outcome.INCOMPLETE),
        (DeadlineExceeded, Verdict.INTERRUPTED, Outcome.INCOMPLETE),
        (ConnectionRefused, Verdict.UNREACHABLE, Outcome.INCOMPLETE),
        (NameUnknown, Verdict.UNREACHABLE, Outcome.INCOMPLETE),
        (HostUnreachable, Verdict.UNREACHABLE, Outcome.INCOMPLETE),
        (HostKeyUnknown, Verdict.REFUSED, Outcome.ENGINE),
        (HostKeyChanged, Verdict.REFUSED, Outcome.ENGINE),
        (AuthenticationFailed, Verdict.REFUSED, Outcome.ENGINE),
        (PrivilegeRefused, Verdict.REFUSED, Outcome.ENGINE),
    ],
)
def test_a_host_that_can_not_be_worked_on(kind: type[TransportError], verdict: Verdict, outcome: Outcome) -> None:
    error = kind(message("no"), where="there", why="because")
    assert (judged_of(error).verdict, judged_of(error).outcome) == (verdict, outcome)
    assert judged_link(error, "near").verdict is verdict
