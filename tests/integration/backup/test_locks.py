"""Locks are cleared when their owner is proved dead, never before."""

import socket
from datetime import UTC, datetime, timedelta

import pytest

from sec_ops.backup.locks import Here, Owner, Word, clear_locks, standings
from sec_ops.backup.processes import process_began
from sec_ops.backup.verdict import Verdict
from tests.integration.backup.test_restic_faults import in_the_middle_of_a_backup

pytestmark = pytest.mark.integration
ELSEWHERE = ("unshare", "--uts", "sh", "-c", 'hostname elsewhere; exec "$@"', "sh")


def here(began=process_began, now=None):
    return Here(host=socket.gethostname(), began=began, now=now or datetime.now(UTC))


def test_a_living_owner_keeps_its_lock_and_a_dead_one_loses_it(restic):
    with in_the_middle_of_a_backup(restic):
        cleared = clear_locks(restic, here())
        assert cleared.judged.verdict is Verdict.LOCKED
        assert [each.owner for each in cleared.left] == [Owner.ALIVE]
    cleared = clear_locks(restic, here())
    assert cleared.judged.good
    assert [each.owner for each in cleared.removed] == [Owner.DEAD]
    assert restic.locks().locks == ()
    assert clear_locks(restic, here()).judged.good


def test_another_host_s_lock_goes_by_a_person_s_word_only(restic):
    with in_the_middle_of_a_backup(restic, *ELSEWHERE):
        pass
    cleared = clear_locks(restic, here())
    assert (cleared.judged.verdict, cleared.removed) == (Verdict.LOCKED, ())
    assert "elsewhere" in str(cleared.judged.what)
    wrong = Word(hosts={"another"}, person="wang", reason="switched off")
    assert clear_locks(restic, here(), wrong).removed == ()
    cleared = clear_locks(restic, here(), Word(hosts={"elsewhere"}, person="wang", reason="switched off"))
    assert cleared.judged.good
    assert [each.lock.host for each in cleared.removed] == ["elsewhere"]
    assert restic.prune().judged.good


def test_a_word_for_one_host_removes_nothing_while_another_is_in_doubt(restic):
    with in_the_middle_of_a_backup(restic, *ELSEWHERE):
        pass
    with in_the_middle_of_a_backup(restic):
        word = Word(hosts={"elsewhere"}, person="wang", reason="switched off")
        cleared = clear_locks(restic, here(), word)
        assert (cleared.judged.verdict, cleared.removed) == (Verdict.LOCKED, ())
    assert len(restic.locks().locks) == 2


def test_what_restic_would_remove_for_its_age_alone_is_left(restic):
    with in_the_middle_of_a_backup(restic, *ELSEWHERE):
        pass
    with in_the_middle_of_a_backup(restic):
        pass
    later = here(now=datetime.now(UTC) + timedelta(hours=1))
    cleared = clear_locks(restic, later)
    assert (cleared.judged.verdict, cleared.removed) == (Verdict.LOCKED, ())
    cleared = clear_locks(restic, here())
    assert [each.lock.host for each in cleared.removed] == [socket.gethostname()]


def test_a_number_that_another_process_got_is_no_owner(restic):
    with in_the_middle_of_a_backup(restic):
        pass
    (lock,) = restic.locks().locks
    for began, owner in (
        (None, Owner.DEAD),
        (lock.created - timedelta(seconds=5), Owner.ALIVE),
        (lock.created + timedelta(hours=1), Owner.DEAD),
    ):
        assert standings([lock], here(began=lambda _pid, began=began: began))[0].owner is owner
