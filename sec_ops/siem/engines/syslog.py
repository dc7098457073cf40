"""Syslog messages with their header: RFC 5424, RFC 3164 as it is really sent, and the lines rsyslog writes to files.

Sources: RFC 5424 section 6, RFC 3164 section 4; rsyslog's templates RSYSLOG_TraditionalFileFormat, RSYSLOG_FileFormat,
RSYSLOG_ForwardFormat and RSYSLOG_SyslogProtocol23Format. Names given: `priority`, `facility`, `facility_name`,
`severity`, `severity_name`, `version`, `timestamp`, `hostname`, `appname`, `procid`, `msgid`, `structured_data` and
`message`.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from sec_ops.siem.engines import Extract, Extracted

__all__ = ["FACILITIES", "OPTIONS", "SEVERITIES", "compile_engine", "split_header"]

OPTIONS = frozenset({"priority_wanted"})
FACILITIES: Final = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp"),
    *("audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"),
)
SEVERITIES: Final = ("emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug")
_HIGHEST: Final = 191
_PRIORITY = re.compile(r"<(\d{1,3})>")
_TIME = re.compile(
    r"(?:[A-Z][a-z]{2} (?: ?\d|\d\d) (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,9})?(?: \d{4}(?= ))?(?: [+-]\d\d:?\d\d(?= ))?"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)(?= |$)"
)
_TAG = re.compile(r"([^\s\[\]:]{1,128})(?:\[([^\]\s]{0,64})\])?: ?")
_HOST = re.compile(r"[\w.:%@-]{1,255}")
_ELEMENT = re.compile(r'\[([^\s=\]"]{1,128})((?: [^\s=\]"]{1,128}="(?:[^"\\\]]|\\.)*")*)\]')
_PARAMETER = re.compile(r' ([^\s=\]"]{1,128})="((?:[^"\\\]]|\\.)*)"')
_ESCAPED = re.compile(r'\\(["\\\]])')


def compile_engine(options: Mapping[str, Any]) -> Extract:
    """Return the extraction; with `priority_wanted: true` lines without `<PRI>` aren't understood."""
    wanted = options.get("priority_wanted", False)
    if not isinstance(wanted, bool):
        raise ValueError("priority_wanted: true or false")
    return lambda text: split_header(text, "wanted" if wanted else "optional")


def split_header(text: str, priority: str = "optional") -> Extracted | None:
    """Return the parts of a message, or None when it has neither a priority nor a time to begin with."""
    found: dict[str, Any] = {}
    at = _read_priority(text, found)
    if at < 0 or (priority == "wanted" and not at):
        return None
    if at and text[at : at + 2] == "1 " and (new := _read_5424(text, at + 2, found)):
        return new
    stamp = _TIME.match(text, at)
    if stamp is None:
        return _tagged(text, at, found) if at else None
    found["timestamp"] = stamp[0]
    return _host_and_tag(text, stamp.end() + 1, found)


def _read_priority(text: str, found: dict[str, Any]) -> int:
    """Note the priority and return where the rest begins: 0 when there is none, -1 when it can't be one."""
    match = _PRIORITY.match(text)
    if match is None:
        return 0
    number = int(match[1])
    if number > _HIGHEST:
        return -1
    facility, severity = divmod(number, 8)
    found["priority"] = number
    found["facility"], found["facility_name"] = facility, FACILITIES[facility]
    found["severity"], found["severity_name"] = severity, SEVERITIES[severity]
    return match.end()


def _host_and_tag(text: str, at: int, found: dict[str, Any]) -> Extracted:
    tag = _TAG.match(text, at)
    if tag is None or text[tag.end() - 1] not in " :" or _looks_like_address(text, at, tag):
        host, _, _rest = text[at : at + 256].partition(" ")
        if _HOST.fullmatch(host):
            found["hostname"] = host
            at += len(host) + 1
    return _tagged(text, at, found)


def _looks_like_address(text: str, at: int, tag: re.Match[str]) -> bool:
    """Return whether what looks like `tag:` is the beginning of an IPv6 address standing in the host's place."""
    return (
        tag[2] is None
        and text[tag.end() - 1] == ":"
        and text[tag.end() : tag.end() + 1] not in ("", " ")
        and " " in text[at : at + 46]
    )


def _tagged(text: str, at: int, found: dict[str, Any]) -> Extracted:
    tag = _TAG.match(text, at)
    if tag is not None:
        found["appname"] = tag[1]
        if tag[2]:
            found["procid"] = tag[2]
        at = tag.end()
    found["message"] = text[at:]
    return found


def _read_5424(text: str, at: int, found: dict[str, Any]) -> Extracted | None:
    parts = text[at : at + 1024].split(" ", 5)
    if len(parts) < 6:
        return None
    found["version"] = 1
    for name, value in zip(("timestamp", "hostname", "appname", "procid", "msgid"), parts, strict=False):
        if value != "-":
            found[name] = value
        at += len(value) + 1
    found["message"] = _read_data(text, at, found).removeprefix("\ufeff")
    return found


def _read_data(text: str, at: int, found: dict[str, Any]) -> str:
    """Note the structured data and return the message after them; what is malformed stays in the message."""
    if text[at : at + 1] == "-":
        return text[at + 2 :]
    data: dict[str, dict[str, str]] = {}
    while match := _ELEMENT.match(text, at):
        data[match[1]] = {name: _ESCAPED.sub(r"\1", value) for name, value in _PARAMETER.findall(match[2])}
        at = match.end()
    if data:
        found["structured_data"] = data
    return text[at + 1 :] if text[at : at + 1] == " " else text[at:]
