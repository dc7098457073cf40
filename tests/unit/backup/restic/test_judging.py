"""One verdict from exit code and words: the table of what restic 0.17 to 0.19 was heard to say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.backup.restic.events import ItemError
from sec_ops.backup.restic.judging import Heard, Verb, hopeless, judge
from sec_ops.backup.verdict import Verdict, outcome_of
from sec_ops.model.outcome import Outcome

DUMP_FAILED = "Fatal: unable to save snapshot: failed to save /x: Fatal: command failed: exit status 3"
V = Verdict


def heard(verb, exit_code, *said, exit_error="", errors=(), expired=False):
    return Heard(
        verb=verb,
        repository="r",
        exit_code=exit_code,
        said=said,
        exit_error=exit_error,
        errors=[ItemError(item=item, during="x", text=text) for item, text in errors],
        expired=expired,
    )


@pytest.mark.parametrize(
    ("verdict", "call"),
    [
        (V.OK, heard(Verb.BACKUP, 0)),
        (V.OK, heard(Verb.UNLOCK, 0, "successfully removed 1 locks")),
        (V.NO_REPOSITORY, heard(Verb.SNAPSHOTS, 10)),
        (V.LOCKED, heard(Verb.PRUNE, 11)),
        (V.LOCKED, heard(Verb.PRUNE, 1, "repository is already locked by PID 7 on h by root")),
        (V.WRONG_KEY, heard(Verb.CAT, 12)),
        (V.WRONG_KEY, heard(Verb.CAT, 1, "Fatal: wrong password or no key found")),
        # 0.18 ends with 0 when one of two sources is missing, 0.19 with 3
        (V.PARTIAL, heard(Verb.BACKUP, 0, "/nowhere does not exist, skipping")),
        (V.PARTIAL, heard(Verb.BACKUP, 3, "/nowhere does not exist, skipping")),
        (V.PARTIAL, heard(Verb.BACKUP, 3, errors=[("/a", "open /a: permission denied")])),
        (V.PARTIAL, heard(Verb.BACKUP, 0, errors=[("/a", "lstat /a: input/output error")])),
        (V.FAILED, heard(Verb.BACKUP, 1, exit_error="Fatal: all source directories/files do not exist")),
        (V.FAILED, heard(Verb.BACKUP, 1, "unknown flag: --no-such")),
        # a failed dump leaves 1 or 130, by a race; 130 is nobody's ^C
        (V.FAILED, heard(Verb.BACKUP, 1, exit_error=DUMP_FAILED)),
        (V.FAILED, heard(Verb.BACKUP, 130, exit_error=DUMP_FAILED)),
        (V.FAILED, heard(Verb.BACKUP, 130)),
        (V.INTERRUPTED, heard(Verb.BACKUP, 130, expired=True)),
        (V.INTERRUPTED, heard(Verb.BACKUP, -9)),
        (
            V.INTERRUPTED,
            heard(
                Verb.BACKUP,
                1,
                exit_error="context canceled\nIs there a repository at the following location?",
                expired=True,
            ),
        ),
        (
            V.UNREACHABLE,
            heard(Verb.BACKUP, 1, "Save(<data/1>) returned error, retrying after 1s: connection refused", expired=True),
        ),
        (V.UNREACHABLE, heard(Verb.LS, 1, "ssh: connect to host b port 22: Connection timed out")),
        (V.UNREACHABLE, heard(Verb.LS, 1, "x509: certificate signed by unknown authority")),
        (V.FULL, heard(Verb.BACKUP, 1, "Save(<data/1>) failed: write: no space left on device")),
        (V.FULL, heard(Verb.BACKUP, 1, "unexpected HTTP response (413): 413 Request Entity Too Large")),
        (V.FULL, heard(Verb.RESTORE, 1, errors=[("/f", "write /out/f: no space left on device")])),
        (V.DAMAGED, heard(Verb.CHECK, 1, exit_error="Fatal: repository contains errors")),
        (
            V.DAMAGED,
            heard(
                Verb.RESTORE,
                1,
                errors=[("/f", "decrypting blob <data/1> from 2 failed: ciphertext verification failed")],
            ),
        ),
        (
            V.DAMAGED,
            heard(Verb.RESTORE, 1, "Load(<data/b4883b9b94>, 9, 0) failed: open r/data/b4: no such file or directory"),
        ),
        (V.DAMAGED, heard(Verb.CHECK, 0, errors=[("", "pack 1: does not exist")])),
        # forget refused: 3 in 0.19; tag refused: 0
        (V.REFUSED, heard(Verb.FORGET, 3, "unable to remove <snapshot/1> from the repository")),
        (V.REFUSED, heard(Verb.FORGET, 3, "blob not removed, server response: 403 Forbidden (403)")),
        (V.REFUSED, heard(Verb.TAG, 0, "unable to remove: 403 Forbidden (403)")),
        (V.REFUSED, heard(Verb.SNAPSHOTS, 1, "Stat: Access Denied.")),
        (V.FAILED, heard(Verb.FORGET, 0, 'Ignoring "ab": no matching ID found for prefix "ab"')),
        (V.FAILED, heard(Verb.DUMP, 1, exit_error='Fatal: cannot dump file: path "/x" not found in snapshot')),
    ],
)
def test_the_table(verdict, call):
    judged = judge(call)
    assert judged.verdict is verdict, judged
    assert (judged.advice is None) == (verdict is V.OK)


def test_what_was_left_out_is_named_once():
    call = heard(
        Verb.BACKUP,
        3,
        "/b does not exist, skipping",
        "/b does not exist, skipping",
        errors=[("/a", "no"), ("/a", "no")],
    )
    assert judge(call).paths == ("/a", "/b")


@pytest.mark.parametrize("verb", list(Verb))
@given(exit_code=st.integers(-64, 255).filter(bool), said=st.lists(st.text(max_size=60), max_size=5))
def test_no_exit_code_but_0_is_ever_good(verb, exit_code, said):
    assert judge(heard(verb, exit_code, *said)).verdict is not V.OK


@given(st.lists(st.text(max_size=80), max_size=5), st.booleans())
def test_whatever_is_said_gets_one_verdict_with_a_cure(said, expired):
    judged = judge(heard(Verb.BACKUP, 1, *said, expired=expired))
    assert judged.advice
    assert len(judged.why) <= 2000


@pytest.mark.parametrize("verdict", list(Verdict))
def test_exit_codes_are_decided_once(verdict):
    later = {V.PARTIAL, V.LOCKED, V.UNREACHABLE, V.INTERRUPTED}
    expected = Outcome.CLEAN if verdict is V.OK else Outcome.INCOMPLETE if verdict in later else Outcome.ENGINE
    assert outcome_of(verdict) is expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Stat(<config/>) returned error, retrying after 1s: Stat: Access Denied.", True),
        ("Stat(<config/>) returned error, retrying after 1s: Stat: The specified bucket is not valid.", True),
        ("Load(<key/1>) returned error, retrying after 1s: x509: certificate signed by unknown authority", True),
        ("Save(<data/1>) returned error, retrying after 1s: connection refused", False),
        ("Save(<data/1>) returned error, retrying after 1s: unexpected HTTP response (503)", False),
        ("Save(<data/1>) returned error, retrying after 1s: unexpected HTTP response (413): 413", True),
        ("Save(<data/1>) returned error, retrying after 1s: dial tcp: lookup b: no such host", False),
        ("Access Denied", False),
    ],
)
def test_only_what_no_retry_mends_is_given_up(line, expected):
    assert hopeless(line) is expected


def test_a_dump_s_own_words_come_first_and_nothing_is_said_twice():
    own = "subprocess /usr/bin/python3: pg_dump: error: no route to host"
    why = judge(heard(Verb.BACKUP, 1, own, "failed to save /x: Fatal: command failed", exit_error=DUMP_FAILED)).why
    assert why.splitlines() == ["pg_dump: error: no route to host", DUMP_FAILED]
