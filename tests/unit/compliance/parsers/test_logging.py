"""rsyslog's routes and logrotate's times."""

from typing import Any

import pytest

from sec_ops.compliance.parsers import parser

rsyslog = parser("rsyslog")
CONF = "==> /etc/rsyslog.conf <==\n"


def routes(text: str, facility: str = "authpriv") -> tuple[bool, bool]:
    reached = rsyslog(CONF + text, {})["facilities"][facility]
    return reached["file"], reached["remote"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auth,authpriv.* /var/log/auth.log", (True, False)),
        ("*.*;auth,authpriv.none -/var/log/syslog", (False, False)),
        ("*.info;mail.none;authpriv.none;cron.none /var/log/messages\nauthpriv.* /var/log/secure", (True, False)),
        ("authpriv.err /var/log/secure", (False, False)),
        ("authpriv.=info /var/log/a\nauthpriv.notice /var/log/b", (True, False)),
        ("*.* @192.0.2.1", (False, True)),
        ("*.* @@(o)192.0.2.1:6514;RSYSLOG_ForwardFormat", (False, True)),
        ("*.* :omrelp:192.0.2.1:2514", (False, True)),
        ('*.* action(type="omfwd" target="192.0.2.1"\n  port="514" protocol="tcp")', (False, True)),
        ('action(type="omfwd" target="192.0.2.1")', (False, True)),
        # To the host itself is not off the host.
        ("*.* @@127.0.0.1:514", (False, False)),
        ("*.* @localhost", (False, False)),
        ('*.* action(type="omfwd" target="::1" port="514")', (False, False)),
        ("authpriv.* /var/log/secure\n& stop\n*.* @192.0.2.1", (True, False)),
        ('authpriv.* {\n action(type="omfile" file="/var/log/secure")\n stop\n}\n*.* @192.0.2.1', (True, False)),
        ("authpriv.* ~\n*.* @192.0.2.1", (False, False)),
        ('if prifilt("authpriv.*") then @@192.0.2.1', (False, True)),
        ('if prifilt("mail.*") then stop\n*.* @192.0.2.1', (False, True)),
        ("if $programname == 'sshd' then @192.0.2.1", (False, False)),
        (':programname, isequal, "sshd" @192.0.2.1', (False, False)),
        ('ruleset(name="in"){\n *.* @192.0.2.1\n}', (False, False)),
        ("*.emerg :omusrmsg:*", (False, False)),
        ("*.* /dev/console", (False, False)),
        ('*.* ?PerHost\n$template PerHost,"/var/log/%HOSTNAME%.log"', (True, False)),
        ("#*.* @192.0.2.1", (False, False)),
    ],
)
def test_where_authpriv_goes(text: str, expected: tuple[bool, bool]) -> None:
    assert routes(text) == expected


def test_a_file_counts_only_where_it_is_included() -> None:
    dropin = "==> /etc/rsyslog.d/90-remote.conf <==\n*.* @192.0.2.1\n"
    assert rsyslog(CONF + "cron.* /var/log/cron\n" + dropin, {})["remotes"] == []
    for include in ("$IncludeConfig /etc/rsyslog.d/*.conf", 'include(file="/etc/rsyslog.d/*.conf" mode="optional")'):
        assert rsyslog(CONF + include + "\n" + dropin, {})["remotes"] == ["192.0.2.1"]


def test_conditional_actions_are_counted_and_open_brackets_refused() -> None:
    assert rsyslog(CONF + "if $msg contains 'x' then {\n /var/log/x\n stop\n}", {})["conditional"] == 1
    with pytest.raises(ValueError, match="brackets"):
        rsyslog(CONF + 'action(type="omfwd"', {})


def kept(main: str, *dropins: str, log: str = "/var/log/auth.log") -> dict[str, Any]:
    text = "==> /etc/logrotate.conf <==\n" + main + "\n"
    for number, dropin in enumerate(dropins):
        text += f"==> /etc/logrotate.d/{number}-own <==\n{dropin}\n"
    entry: dict[str, Any] = parser("logrotate")(text, {"logs": [log]}).get(log, {})
    return entry


BLOCK = "/var/log/syslog\n/var/log/auth.log\n{\n %s\n postrotate\n  /usr/bin/kill } {\n endscript\n}"


@pytest.mark.parametrize(
    ("settings", "days", "sized"),
    [
        ("rotate 4\nweekly", 28, False),
        ("monthly\nrotate 6", 186, False),
        ("rotate 184\ndaily", 184, False),
        ("rotate=26\nweekly", 182, False),
        ("rotate 400\ndaily\nmaxage 90", 90, False),
        ("rotate -1\nweekly", 36_500, False),
        ("rotate 12\nmonthly\nmaxsize 100M", 372, True),
        ("rotate 12\nsize 100M", 0, True),
        ("rotate 48\nhourly", 2, False),
        ("missingok", 28, False),
    ],
)
def test_days_a_log_is_kept(settings: str, days: int, sized: bool) -> None:
    entry = kept("weekly\nrotate 4\ninclude /etc/logrotate.d", BLOCK % settings)
    assert (entry["days"], entry["sized"]) == (days, sized)


def test_settings_after_the_include_come_too_late_and_the_first_block_wins() -> None:
    entry = kept(
        "include /etc/logrotate.d\nweekly\nrotate 52", "/var/log/*.log { daily\n}", "/var/log/auth.log {\nrotate 9\n}"
    )
    assert (entry["days"], entry["pattern"]) == (0, "/var/log/*.log")


def test_files_logrotate_skips_and_logs_nobody_names() -> None:
    skipped = "==> /etc/logrotate.d/x.rpmsave <==\n/var/log/auth.log {\nrotate 99\nweekly\n}\n"
    text = "==> /etc/logrotate.conf <==\ninclude /etc/logrotate.d\n" + skipped
    assert parser("logrotate")(text, {"logs": ["/var/log/auth.log"]}) == {}
    with pytest.raises(ValueError, match="isn't closed"):
        kept("/var/log/x {\nweekly")


@pytest.mark.parametrize(
    ("settings", "folder", "expected"),
    [
        ("", "yes", (True, 0)),
        ("", "no", (False, 0)),
        ("Storage=persistent\nMaxRetentionSec=6month", "no", (True, 182)),
        ("Storage=volatile", "yes", (False, 0)),
        ("Storage=none\nMaxRetentionSec=1d 12h", "yes", (False, 1)),
        ("MaxRetentionSec=864000", "yes", (True, 10)),
    ],
)
def test_where_journald_stores(settings: str, folder: str, expected: tuple[bool, int]) -> None:
    text = f"==> /run/state.d/own.conf <==\n[State]\nFolder={folder}\nOldestDays=-1\n"
    text += f"==> /etc/systemd/journald.conf <==\n[Journal]\nSystemMaxUse=2G\n{settings}\n"
    parsed = parser("journald")(text, {})
    assert (parsed["persistent"], parsed["max_days"]) == expected
    assert (parsed["max_use"], parsed["oldest_days"]) == ("2G", -1)


def test_a_retention_that_is_no_time_is_a_fault() -> None:
    with pytest.raises(ValueError, match="not a time"):
        parser("journald")("==> /etc/systemd/journald.conf <==\n[Journal]\nMaxRetentionSec=soon\n", {})
