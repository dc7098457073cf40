"""Effective password quality: files, drop-ins and arguments together."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.compliance.parsers.password_quality import parse

UNIX = "password [success=1 default=ignore] pam_unix.so obscure use_authtok yescrypt"
PWQUALITY = "password requisite pam_pwquality.so"


def stack(*lines: str, **files: str) -> Any:
    text = "==> /etc/pam.d/passwd <==\n" + "\n".join(lines)
    paths = {"main": "/etc/security/pwquality.conf", "history": "/etc/security/pwhistory.conf"}
    for name, content in files.items():
        text += f"\n==> {paths.get(name, f'/etc/security/pwquality.conf.d/{name}.conf')} <==\n{content}"
    (found,) = parse(text, {})["stacks"]
    return found


def test_arguments_win_over_the_file_and_the_file_over_drop_ins() -> None:
    found = stack(f"{PWQUALITY} minlen=12", UNIX, main="minlen = 8\ndifok=4", a="minlen = 20\ndifok = 9\nmaxrepeat = 3")
    assert (found["minlen"], found["difok"], found["maxrepeat"]) == (12, 4, 3)
    assert found["explicit"] == ["difok", "maxrepeat", "minlen"]


@pytest.mark.parametrize(
    ("settings", "length", "classes"),
    [
        ("", 8, 0),
        ("minlen = 10", 10, 0),
        ("minlen = 10\ndcredit = 1\nucredit = 2", 7, 0),
        ("minlen = 10\ndcredit = -1\nucredit = -1\nlcredit = -1", 10, 3),
        ("minclass = 3 # kinds", 8, 3),
        ("minclass = 2\ndcredit = -1", 8, 2),
    ],
)
def test_length_and_kinds(settings: str, length: int, classes: int) -> None:
    found = stack(PWQUALITY, UNIX, main=settings)
    assert (found["effective_length"], found["classes"]) == (length, classes)


def test_cracklib_reads_no_file_and_has_defaults_of_its_own() -> None:
    found = stack(
        "password requisite pam_cracklib.so dcredit=-1 ucredit=-1 lcredit=-1 ocredit=-1", UNIX, main="minlen=20"
    )
    assert (found["minlen"], found["effective_length"], found["classes"], found["difok"]) == (9, 9, 4, 5)


@pytest.mark.parametrize(
    ("lines", "enforced"),
    [
        ((PWQUALITY, UNIX), True),
        ((UNIX, PWQUALITY), False),
        (("password optional pam_pwquality.so", UNIX), False),
        (("password [success=ok default=die] pam_pwquality.so", UNIX), True),
        (("password requisite pam_pwquality.so enforcing=0", UNIX), False),
        ((UNIX,), False),
    ],
)
def test_the_module_must_stop_before_the_password_is_set(lines: tuple[str, ...], enforced: bool) -> None:
    assert stack(*lines)["enforced"] is enforced


def test_a_module_with_rules_of_its_own_is_told() -> None:
    assert stack("password requisite pam_passwdqc.so min=disabled,24,11,8,7", UNIX)["known"] is False


@pytest.mark.parametrize(
    ("lines", "remember"),
    [
        (("password required pam_pwhistory.so remember=5", UNIX), 5),
        (("password required pam_pwhistory.so", UNIX), 7),
        ((f"{UNIX} remember=6",), 6),
        ((UNIX,), 0),
    ],
)
def test_history(lines: tuple[str, ...], remember: int) -> None:
    assert stack(*lines, history="remember = 7")["remember"] == remember


def test_includes_are_followed_and_missing_ones_told() -> None:
    text = "==> /etc/pam.d/passwd <==\n@include common-password"
    found = parse(f"{text}\n==> /etc/pam.d/common-password <==\n{PWQUALITY}\n{UNIX}", {})["stacks"]
    assert [(item["service"], item["enforced"], item["hash"]) for item in found] == [("passwd", True, "yescrypt")]
    with pytest.raises(ValueError, match="common-password"):
        parse(text, {})


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="minlen"):
        stack(PWQUALITY, UNIX, main="minlen = many")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for before in ("", "==> /etc/pam.d/passwd <==\n", "==> /etc/security/pwquality.conf <==\n"):
        with contextlib.suppress(ValueError):
            parse(before + text, {})
