"""Audit rules: watches and system calls, loaded or in files."""

import pytest

from sec_ops.compliance.parsers import parser

parse = parser("audit_rules")
HEAD = "==> /etc/audit/rules.d/50-own.rules <==\n"


def test_a_watch_and_its_system_call_form_are_the_same() -> None:
    text = HEAD + (
        "-w /etc/passwd -p wa -k identity\n"
        "-a always,exit -F arch=b64 -F path=/etc/group -F perm=wa -F key=identity\n"
        "-a always,exit -S all -F dir=/etc/sudoers.d/ -F perm=w\n-w /etc/passwd -p x\n-w /etc/shadow\n"
    )
    assert parse(text, {})["watches"] == {
        "/etc/passwd": "wxa",
        "/etc/group": "wa",
        "/etc/sudoers.d": "w",
        "/etc/shadow": "rwxa",
    }


def test_system_calls_by_abi_with_the_lowest_login_user() -> None:
    text = HEAD + (
        "-a always,exit -F arch=b64 -S mount,umount2 -F auid>=1000 -F auid!=unset -k mounts\n"
        "-a exit,always -F arch=b32 -S mount -F auid>=500 -F auid!=4294967295 -k mounts\n"
        "-a always,exit -F arch=b64 -S mount -F auid>=2000 -k mounts\n"
        "-a always,exit -F arch=b64 -S clock_settime -F a0=0x0 -k time\n"
    )
    calls = parse(text, {})["calls"]
    assert calls["b64"] == {"mount": 1000, "umount2": 1000, "clock_settime": 0}
    assert calls["b32"] == {"mount": 500}


@pytest.mark.parametrize(
    "condition", ["-F exit=-EACCES", "-F uid=33", "-F auid=1001", "-F dir=/home", "-F exe=/usr/bin/mv", "-F auid<1000"]
)
def test_a_narrowed_rule_covers_no_call(condition: str) -> None:
    parsed = parse(HEAD + f"-a always,exit -F arch=b64 -S unlinkat {condition} -k d\n", {})
    assert parsed["calls"]["b64"] == {}


def test_administrators_and_setuid_programs() -> None:
    text = HEAD + (
        "-a always,exit -F arch=b64 -S execve -F euid=0 -F auid>=1000 -F auid!=-1 -k root\n"
        "-a always,exit -F arch=b32 -C euid!=uid -F auid!=unset -S execve -k emulation\n"
    )
    parsed = parse(text, {})
    assert parsed["administrator_calls"]["b64"] == ["execve"]
    assert parsed["setuid_calls"]["b32"] == ["execve"]
    assert parsed["calls"] == {"b64": {}, "b32": {}, "any": {}}


def test_loaded_rules_win_and_files_say_whether_they_are_locked() -> None:
    text = "==> /loaded <==\nNo rules\n" + HEAD + "-D\n-b 8192\n-w /etc/passwd -p wa\n-e 2\n"
    parsed = parse(text, {})
    assert (parsed["source"], parsed["count"], parsed["watches"], parsed["immutable"]) == ("loaded", 0, {}, True)


def test_rules_d_wins_over_the_compiled_file_and_sorts_by_name() -> None:
    text = (
        "==> /etc/audit/audit.rules <==\n-w /etc/old -p wa\n"
        "==> /etc/audit/rules.d/99-end.rules <==\n-e 2\n"
        "==> /etc/audit/rules.d/10-start.rules <==\n-e 1\n-w /etc/new -p wa\n"
    )
    parsed = parse(text, {})
    assert (parsed["watches"], parsed["immutable"]) == ({"/etc/new": "wa"}, True)
    assert parse("==> /etc/audit/audit.rules <==\n-w /etc/old -p wa\n", {})["watches"] == {"/etc/old": "wa"}


def test_deleting_drops_what_came_before_but_augenrules_puts_it_first() -> None:
    rules = "-w /etc/passwd -p wa\n-D\n-w /etc/shadow -p wa\n"
    assert parse(HEAD + rules, {})["watches"] == {"/etc/passwd": "wa", "/etc/shadow": "wa"}
    assert parse("==> /etc/audit/audit.rules <==\n" + rules, {})["watches"] == {"/etc/shadow": "wa"}


@pytest.mark.parametrize(
    ("line", "left_out"),
    [
        ("-a never,task", True),
        ("-a task,never", True),
        ("-a never,exit -F auid=1001", True),
        ("-a always,exit -F arch=b64 -S execve -F auid!=1001", True),
        ("-a always,exclude -F msgtype=CWD", False),
        ("-a never,exit -F path=/usr/bin/noisy", False),
        ("-a always,exit -F arch=b64 -S execve -F auid!=unset", False),
    ],
)
def test_rules_that_leave_users_out(line: str, left_out: bool) -> None:
    assert bool(parse(HEAD + line + "\n", {})["excluded"]) is left_out


@pytest.mark.parametrize(
    "line", ["watch everything", "-w", "-F auid>=1000 -F", "-a always,exit -F nonsense", '-k "open']
)
def test_an_odd_line_is_a_fault(line: str) -> None:
    with pytest.raises(ValueError, match="not an audit"):
        parse(HEAD + line + "\n", {})


@pytest.mark.parametrize(("field", "known"), [("success=1", True), ("success=0", False), ("success!=1", False)])
def test_failed_calls_alone_are_not_the_calls(field: str, known: bool) -> None:
    parsed = parse(f"==> /loaded <==\n-a always,exit -F arch=b64 -S mount -F {field} -F key=x\n", {})
    assert ("mount" in parsed["calls"]["b64"]) is known
