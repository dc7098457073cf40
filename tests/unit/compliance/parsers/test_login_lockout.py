"""Effective lockout: faillock and tally2, arguments and file together."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.compliance.parsers.login_lockout import parse

PRE = "auth required pam_faillock.so preauth"
FAIL = "auth [default=die] pam_faillock.so authfail"
UNIX = "auth sufficient pam_unix.so"
SUCCESS = "auth sufficient pam_faillock.so authsucc"
PERMIT = "auth required pam_permit.so"


def stack(*lines: str, conf: str = "") -> Any:
    text = "==> /etc/pam.d/sshd <==\n" + "\n".join(lines) + f"\n==> /etc/security/faillock.conf <==\n{conf}"
    (found,) = parse(text, {})["stacks"]
    return found


def test_defaults_of_faillock() -> None:
    found = stack(PRE, UNIX, FAIL)
    assert (found["counts"], found["deny"], found["unlock_time"], found["covers_root"]) == (True, 3, 600, False)


def test_arguments_win_over_the_file() -> None:
    found = stack(f"{PRE} deny=4", UNIX, f"{FAIL} deny=4", conf="deny = 9\nunlock_time = 900\neven_deny_root")
    assert (found["deny"], found["unlock_time"], found["covers_root"]) == (4, 900, True)


def test_where_lines_differ_the_weakest_counts() -> None:
    found = stack(f"{PRE} deny=5 unlock_time=900 even_deny_root", UNIX, f"{FAIL} deny=9 unlock_time=60")
    assert (found["deny"], found["unlock_time"], found["covers_root"]) == (9, 60, False)


@pytest.mark.parametrize(
    ("lines", "counts"),
    [
        ((PRE, UNIX, FAIL), True),
        (("auth [success=1 default=bad] pam_unix.so", FAIL, SUCCESS, "auth required pam_deny.so"), True),
        # The right password ends the stack before anybody looks at the lock.
        ((UNIX, FAIL, SUCCESS), False),
        ((UNIX, "auth required pam_tally2.so deny=5"), False),
        (("auth optional pam_faillock.so preauth", UNIX, FAIL), False),
        # A wrong password jumps over the line that counts it.
        ((PRE, "auth [success=2 default=2] pam_unix.so", FAIL, SUCCESS, PERMIT), False),
        (
            (PRE, "auth [success=1 default=ignore] pam_unix.so", FAIL, SUCCESS, "auth requisite pam_deny.so", PERMIT),
            True,
        ),
        ((PRE, UNIX), False),
        ((UNIX, FAIL), False),
        ((UNIX,), False),
        (("auth required pam_tally2.so deny=5", UNIX), True),
        (("auth optional pam_tally2.so deny=5", UNIX), False),
    ],
)
def test_what_counts_failures(lines: tuple[str, ...], counts: bool) -> None:
    assert stack(*lines)["counts"] is counts


def test_the_stack_of_authselect_counts() -> None:
    """RHEL 9 with sssd: local accounts are told apart, and password-auth is a substack of sshd."""
    password = """auth required pam_env.so
auth required pam_faildelay.so delay=2000000
auth required pam_faillock.so preauth silent
auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular
auth [default=1 ignore=ignore success=ok] pam_localuser.so
auth sufficient pam_unix.so nullok
auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular
auth sufficient pam_sss.so forward_pass
auth required pam_faillock.so authfail
auth required pam_deny.so"""
    text = f"==> /etc/pam.d/password-auth <==\n{password}\n==> /etc/pam.d/sshd <==\nauth substack password-auth\n"
    assert {found["service"]: found["counts"] for found in parse(text, {})["stacks"]} == {
        "sshd": True,
        "password-auth": True,
    }


@pytest.mark.parametrize(("value", "seconds"), [("never", 0), ("0", 0), ("1200", 1200)])
def test_for_ever(value: str, seconds: int) -> None:
    assert stack(PRE, UNIX, FAIL, conf=f"unlock_time = {value}")["unlock_time"] == seconds


def test_tally2_has_no_limit_unless_it_is_told() -> None:
    found = stack("auth required pam_tally2.so unlock_time=600 even_deny_root root_unlock_time=60", UNIX)
    assert (found["deny"], found["unlock_time"], found["covers_root"], found["root_unlock_time"]) == (0, 600, True, 60)


def test_a_file_elsewhere_must_have_been_read() -> None:
    with pytest.raises(ValueError, match="/etc/other"):
        stack(f"{PRE} conf=/etc/other", UNIX, f"{FAIL} conf=/etc/other")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for before in ("", "==> /etc/pam.d/sshd <==\n", f"==> /etc/pam.d/sshd <==\n{PRE} "):
        with contextlib.suppress(ValueError):
            parse(before + text, {})
