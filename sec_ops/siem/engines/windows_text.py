r"""Windows events exported as text: Event Viewer's CSV and tab-separated files, PowerShell's Format-List.

A table needs a `heading`, the line of column names; columns past the named ones are the message. A list has lines
`Name : value`, and indented lines that go on. `headings` turns other names, in any language, into those that
`Get-WinEvent` uses. The rendered message is all such exports keep of EventData: lines `label: value` of it become
`winlog.event_data.<Name>` by `labels`, whose names are a label, or section and label
(`New Logon/Account Name: TargetUserName`); Sysmon's labels are the names themselves. The message stays beside it.

Options: `headings`, `levels` (words to 0–5), `labels`, `half_days` (words to AM or PM).
"""

import re
from collections.abc import Mapping
from typing import Any

from sec_ops.siem.engines import Extract, Extracted
from sec_ops.siem.engines._options import table
from sec_ops.siem.engines.delimited import cut
from sec_ops.siem.windows.layouts import SYSTEM
from sec_ops.siem.windows.plan import Composer
from sec_ops.siem.windows.rendered import Labels

OPTIONS = frozenset({"headings", "levels", "labels", "half_days"})
_PROPERTY = re.compile(r"([A-Za-z]{1,40}) *: ?(.*)")
_SLOTS = {
    "Id": f"{SYSTEM}EventID",
    "ProviderName": f"{SYSTEM}Provider_Name",
    "ProviderId": f"{SYSTEM}Provider_Guid",
    "LogName": f"{SYSTEM}Channel",
    "MachineName": f"{SYSTEM}Computer",
    "TimeCreated": f"{SYSTEM}SystemTime",
    "RecordId": f"{SYSTEM}EventRecordID",
    "ProcessId": f"{SYSTEM}Execution_ProcessID",
    "ThreadId": f"{SYSTEM}Execution_ThreadID",
    "UserId": f"{SYSTEM}Security_UserID",
    "ActivityId": f"{SYSTEM}Correlation_ActivityID",
    "RelatedActivityId": f"{SYSTEM}Correlation_RelatedActivityID",
    **{name: f"{SYSTEM}{name}" for name in ("Version", "Level", "Task", "Opcode", "Keywords", "Qualifiers", "Message")},
}
"""What Get-WinEvent calls the values of System."""
_LINES_BOUND = 10_000


def compile_engine(options: Mapping[str, Any]) -> Extract:
    """Return the engine."""
    headings, levels = table(options, "headings"), table(options, "levels")
    half_days, labels = table(options, "half_days"), Labels(table(options, "labels"))
    composer = Composer()

    def extract(text: str) -> Extracted | None:
        found = _listed(text, headings) if _PROPERTY.match(text.removeprefix("\ufeff")) else _tabled(text, headings)
        if not found.get("Id", "").strip().isdecimal():
            return None
        found["TimeCreated"] = _time(found.get("TimeCreated", ""), half_days)
        if "Level" in found:
            found["Level"] = levels.get(found["Level"], found["Level"])
        said = labels.read(found.get("Message", ""), found.get("ProviderName", ""))
        told = {_SLOTS.get(name, name): value.strip() for name, value in found.items() if value.strip()}
        return composer.compose(said | told)

    return extract


def _listed(text: str, headings: Mapping[str, str]) -> dict[str, str]:
    """Return the properties of one record of Format-List; indented and empty lines belong to the property before."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.lstrip("\ufeff").splitlines()[:_LINES_BOUND]:
        start = _PROPERTY.fullmatch(line)
        if start:
            name = headings.get(start[1], start[1])
            found.setdefault(name, []).append(start[2])
        elif name:
            found[name].append(line)
    return {name: _dedented(lines) for name, lines in found.items()}


def _dedented(lines: list[str]) -> str:
    """Return the lines of a value; what Format-List indents is as wide as the indentation all of them share."""
    widths = [len(line) - len(line.lstrip(" ")) for line in lines[1:] if line.strip()]
    width = min(widths, default=0)
    return "\n".join([lines[0], *(line[width:] for line in lines[1:])]).strip()


def _tabled(text: str, headings: Mapping[str, str]) -> dict[str, str]:
    """Return one row of an Event Viewer export: five named columns, and the message that has no name."""
    heading, _, row = text.lstrip("\ufeff").partition("\n")
    delimiter = "\t" if "\t" in heading else ","
    names = [headings.get(name.strip(), name.strip()) for name in cut(heading, delimiter) or ()]
    values = cut(row, delimiter) or []
    if len(values) < len(names):
        return {}
    found = dict(zip(names, values, strict=False))
    message = "\n".join(values[len(names) :])
    return found | ({"Message": message} if message else {})


def _time(text: str, half_days: Mapping[str, str]) -> str:
    """Return a time whose morning or afternoon, where a word says it, stands behind it as AM or PM."""
    for word, half in half_days.items():
        if word in text:
            before, _, after = text.partition(word)
            return f"{' '.join(f'{before} {after}'.split())} {half}"
    return text.strip()
