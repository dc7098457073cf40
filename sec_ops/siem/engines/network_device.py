"""Messages of switches, routers and firewalls: Huawei VRP, H3C Comware, Cisco IOS, NX-OS and ASA.

Before the mark that names module, severity and kind of message stand, in many orders and with many parts left out,
priority, sequence numbers, host and time. What comes out: `priority`, `sequence`, `host`, `timestamp`, `module`,
`severity`, `level` (its name), `mnemonic`, `attributes` (Comware's `-Line=vty0-User=admin;`, Huawei's `CID=…;` and
`(User=admin, Ip=…)`), `text`, and what the first fitting pattern of `messages` says.

Sources: Huawei, log reference of S series switches, "format of logs"; H3C, "system log messages reference", "syslog
message format"; Cisco, "system message logging" of IOS and NX-OS, and "ASA series syslog messages".

Options: `style` (`vrp`, `comware`, `cisco`), `messages`: a list of `of` (mnemonics, `MODULE/MNEMONIC` or `MNEMONIC`; a
`*` at the end), `match` (RE2, optional; group `user__name` gives `user.name`) and `set` (names and values).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sec_ops.siem.engines import Extract, Extracted
from sec_ops.siem.engines._messages import Messages
from sec_ops.siem.engines._options import choice
from sec_ops.siem.engines.syslog import SEVERITIES

OPTIONS = frozenset({"style", "messages"})
_MARKS = {
    "vrp": re.compile(
        r"%%(?P<format>\d\d)(?P<module>[A-Za-z0-9_\-]{1,40})/(?P<severity>[0-7])/(?P<mnemonic>\w{1,80})"
        r"\((?P<kind>\w{1,5})\)(?:\[(?P<number>\d{1,10})\])?[:;] ?"
    ),
    "comware": re.compile(
        r"(?:%%(?P<format>\d\d)|\b)(?P<module>[A-Z][A-Z0-9_]{0,39})/(?P<severity>[0-7])/(?P<mnemonic>\w{1,80})"
        r"(?:\(\w{1,3}\))?: ?"
    ),
    "cisco": re.compile(
        r"%(?P<module>[A-Z][A-Z0-9_]{0,40}(?:-[A-Za-z][A-Za-z0-9_]{0,40}){0,4})-(?P<severity>[0-7])-"
        r"(?P<mnemonic>[A-Z0-9_]{1,80}): ?"
    ),
}
_PREFACE_BOUND = 512
_PAIRS_BOUND = 200
_PRIORITY = re.compile(r"<(\d{1,3})>")
_TIME = re.compile(
    r"(?:(?:\d{4} )?[A-Z][a-z]{2} {1,2}\d{1,2}(?:,? \d{4})? \d\d:\d\d:\d\d(?:[.:,]\d{1,9})?(?: \d{4}(?!\d))?"
    r"|\d{4}[-/]\d{1,2}[-/]\d{1,2}[T /]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)"
    r"(?:Z|(?: ?[+-]\d\d:?\d\d)|(?: (?:UTC|GMT|[A-Z]{1,4}T)\b))?(?: DST\b)?"
)
_LOCAL_MILLISECONDS = re.compile(r"(\d\d:\d\d:\d\d)[:,](\d{1,9})")
_SEQUENCE = re.compile(r"\d{1,10}")
_UPTIME = re.compile(r"(?:\d{1,6}:\d\d:\d\d|(?:\d{1,4}[ywdhm]){1,4})(?:\.\d{1,9})?")
_COMWARE_KEY = re.compile(r"-([A-Za-z]\w{0,40})=")
_VRP_KEY = re.compile(r"(?:^\(?|, ?)([A-Za-z][\w\-]{0,40})=")
_COMPONENT = re.compile(r"(?:VR=\d{1,6}-)?CID=(?:0x)?[0-9A-Fa-f]{1,10}(?:-alarmID=(?:0x)?[0-9A-Fa-f]{1,10})?; ?")


def compile_engine(options: Mapping[str, Any]) -> Extract:
    """Return the engine."""
    style = choice(options, "style", tuple(_MARKS))
    mark, messages, cut = _MARKS[style], Messages(options.get("messages", [])), _CUTS[style]

    def extract(text: str) -> Extracted | None:
        found = mark.search(text, 0, _PREFACE_BOUND)
        if found is None:
            return None
        named = {name: value for name, value in found.groupdict().items() if value}
        named["level"] = SEVERITIES[int(named["severity"])]
        attributes, said = cut(text[found.end() :].strip())
        whole = _preface(text[: found.start()]) | named | {"text": said}
        if attributes:
            whole["attributes"] = attributes
        return whole | messages.read(named["module"], named["mnemonic"], said)

    return extract


def _preface(text: str) -> dict[str, Any]:
    """Return what stands before the mark: the last time is the device's own, an earlier one a relay's."""
    found: dict[str, Any] = {}
    priority = _PRIORITY.match(text)
    if priority:
        found["priority"], text = priority[1], text[priority.end() :]
    times = list(_TIME.finditer(text))
    if times:
        found["timestamp"] = _LOCAL_MILLISECONDS.sub(r"\1.\2", times[-1][0]).removesuffix(" DST")
        text = _TIME.sub(" ", text)
    for word in text.split():
        bare = word.strip(" *.%:,")
        if _SEQUENCE.fullmatch(bare):
            found.setdefault("sequence", bare)
        elif _UPTIME.fullmatch(bare):
            found["uptime"] = bare
        elif bare:
            found["host"] = bare
    return found


def _cut_vrp(text: str) -> tuple[dict[str, str], str]:
    """Cut off the component's number before the text, and read the pairs in parentheses (or instead of a text)."""
    component = _COMPONENT.match(text)
    if component:
        text = text[component.end() :]
    begin, end = text.find("("), text.rstrip(". ").rfind(")")
    pairs = text[begin:end] if 0 <= begin < end else text
    attributes = _pairs(_VRP_KEY, pairs)
    return attributes | ({"component": component[0].strip("; ")} if component else {}), text


def _cut_comware(text: str) -> tuple[dict[str, str], str]:
    """Cut off the attributes, `-Line=vty0-IPAddr=192.0.2.7-User=admin;`, that Comware 7 puts before the text."""
    attributes: dict[str, str] = {}
    while text.startswith("-") and (end := text.find(";", 0, _PREFACE_BOUND)) > 0:
        found = _pairs(_COMWARE_KEY, text[:end])
        if not found:
            break
        attributes |= found
        text = text[end + 1 :].lstrip()
    return attributes, text


def _pairs(key: re.Pattern[str], text: str) -> dict[str, str]:
    """Return keys and what stands after each, up to the next key."""
    keys = list(key.finditer(text))[:_PAIRS_BOUND]
    ends = [each.start() for each in keys][1:] + [len(text)] * bool(keys)
    pairs = ((each[1], text[each.end() : end].strip(' "')) for each, end in zip(keys, ends, strict=True))
    return {key: value for key, value in pairs if value}


def _cut_nothing(text: str) -> tuple[dict[str, str], str]:
    return {}, text


_CUTS: dict[str, Callable[[str], tuple[dict[str, str], str]]] = {
    "vrp": _cut_vrp,
    "comware": _cut_comware,
    "cisco": _cut_nothing,
}
