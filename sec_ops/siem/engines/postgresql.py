"""PostgreSQL's server log: the line with its prefix, CSV or JSON, and what its best-known messages say.

Sources: PostgreSQL's manual, "Error Reporting and Logging" (log_line_prefix, csvlog, jsonlog), and pgaudit's README.
Options: `form` (`line`, `csv` or `json`), `prefixes` (log_line_prefix values of form `line`), `severities` and
`sections` (what translated servers write, to the English word). Names given: the prefix's or columns' parts,
`severity`, `text`, `detail`, `hint`, `context`, `statement`, `query`, `location`, and of known messages `event.action`,
`user`, `database`, `remote_host`, `remote_port`, `application`, `duration_ms`, `command`, `audit.*`.
"""

import csv
import io
import re
from collections.abc import Mapping
from typing import Any, Final

from sec_ops.content.patterns import Pattern, PatternError
from sec_ops.siem.engines import Extract, ExtractDocument, Extracted
from sec_ops.siem.engines._postgresql_messages import understand_message
from sec_ops.siem.engines.json import read_object

__all__ = ["OPTIONS", "compile_document", "compile_engine"]

OPTIONS = frozenset({"form", "prefixes", "severities", "sections"})
_LEVELS: Final = (
    *("PANIC", "FATAL", "ERROR", "WARNING", "NOTICE", "LOG", "INFO"),
    *("DEBUG1", "DEBUG2", "DEBUG3", "DEBUG4", "DEBUG5", "DEBUG"),
)
_SECTIONS: Final = ("DETAIL", "HINT", "CONTEXT", "STATEMENT", "QUERY", "LOCATION")
_ESCAPES: Final = {
    "a": ("application", r"[^\x00]*?"),
    "u": ("user", r"[^@\s]*?"),
    "d": ("database", r"\S*?"),
    "r": ("remote", r"\S*?"),
    "h": ("remote_host", r"\S*?"),
    "L": ("local_host", r"\S*?"),
    "b": ("backend", r"[\w ]*?"),
    "p": ("pid", r"\d+"),
    "P": ("leader_pid", r"\d*"),
    "t": ("time", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+"),
    "m": ("time", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \S+"),
    "n": ("time", r"\d+\.\d+"),
    "i": ("command", r"[\w ]*?"),
    "e": ("sql_state", r"\w{5}"),
    "c": ("session", r"[0-9a-f]+\.[0-9a-f]+"),
    "l": ("line", r"\d+"),
    "s": ("session_start", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+"),
    "v": ("virtual_transaction", r"[\d/-]*"),
    "x": ("transaction", r"\d*"),
    "Q": ("query_id", r"-?\d*"),
}
_ESCAPE = re.compile(r"%-?\d*([a-zA-Z%])")
_COLUMNS: Final = (
    *("time", "user", "database", "pid", "remote", "session", "line", "command", "session_start"),
    *("virtual_transaction", "transaction", "severity", "sql_state", "text", "detail", "hint", "query"),
    *("query_position", "context", "statement", "statement_position", "location", "application"),
    *("backend", "leader_pid", "query_id"),
)
_FEWEST_COLUMNS: Final = 22
_JSON: Final = {
    "timestamp": "time",
    "dbname": "database",
    "session_id": "session",
    "line_num": "line",
    "ps": "command",
    "vxid": "virtual_transaction",
    "txid": "transaction",
    "error_severity": "severity",
    "state_code": "sql_state",
    "message": "text",
    "internal_query": "query",
    "application_name": "application",
    "backend_type": "backend",
    "leader_pid": "leader_pid",
}
_REMOTE = re.compile(r"(.{1,255}?)(?:\((\d{1,5})\)|:(\d{1,5}))?")
csv.field_size_limit(4 * 1024 * 1024)


def compile_engine(options: Mapping[str, Any]) -> Extract:
    """Return the extraction; raises ValueError for a form or prefix that can't be."""
    form = options.get("form", "line")
    if form == "csv":
        return _read_csv
    if form == "json":
        return lambda text: None if (found := read_object(text)) is None else _from_json(found)
    if form != "line":
        raise ValueError("form: line, csv or json")
    prefixes = options.get("prefixes")
    if not isinstance(prefixes, list) or not all(isinstance(each, str) for each in prefixes) or not prefixes:
        raise ValueError("prefixes: a list of log_line_prefix values")
    levels = {**{each: each for each in _LEVELS}, **options.get("severities", {})}
    sections = {**{each: each for each in _SECTIONS}, **options.get("sections", {})}
    return _line_reader([_compile(each, levels) for each in prefixes], levels, sections)


def compile_document(options: Mapping[str, Any]) -> ExtractDocument | None:
    """Return the extraction from jsonlog's objects; None for the other forms."""
    return _from_json if options.get("form") == "json" else None


def _compile(prefix: str, levels: Mapping[str, str]) -> Pattern:
    head, _, tail = prefix.partition("%q")
    words = "|".join(sorted(map(re.escape, levels), key=len, reverse=True))
    optional = f"(?:{_translated(tail)})?" if "%q" in prefix else ""
    try:
        return Pattern(rf"(?s)^{_translated(head)}{optional}(?P<severity>{words}): +(?P<rest>.*)$")
    except PatternError as error:
        raise ValueError(str(error)) from error


def _translated(prefix: str) -> str:
    at, source, seen = 0, "", set()
    for match in _ESCAPE.finditer(prefix):
        source += re.escape(prefix[at : match.start()])
        at = match.end()
        if match[1] == "%":
            source += "%"
            continue
        if match[1] not in _ESCAPES:
            raise ValueError(f"log_line_prefix has no %{match[1]}")
        name, body = _ESCAPES[match[1]]
        source += rf" *(?:{body}) *" if name in seen else rf"(?P<{name}>{body})"
        seen.add(name)
    return source + re.escape(prefix[at:])


def _line_reader(patterns: list[Pattern], levels: Mapping[str, str], sections: Mapping[str, str]) -> Extract:
    def read(text: str) -> Extracted | None:
        first, *others = text.split("\n")
        for pattern in patterns:
            found = pattern.names(first)
            if found is not None:
                found["severity"] = levels[found["severity"]]
                found["text"] = found.pop("rest")
                _sections(others, found, sections)
                return _finished(found)
        return None

    return read


def _sections(lines: list[str], found: dict[str, str], sections: Mapping[str, str]) -> None:
    """Add the lines after the first: each belongs to the section that began last."""
    name, parts = "text", {"text": [found["text"]]}
    for line in lines:
        body = line.removeprefix("\t")
        at = _section_start(line, sections) if line[:1] != "\t" else None
        if at is not None:
            name, body = at
            parts.setdefault(name, [])
        parts[name].append(body)
    found.update({key: "\n".join(value) for key, value in parts.items()})


def _section_start(line: str, sections: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the section a line begins and its text; its prefix is the message's own and says nothing new."""
    starts = [(line.find(f"{word}:  "), word) for word in sections]
    there = [(at, word) for at, word in starts if at >= 0]
    if not there:
        return None
    at, word = min(there)
    return sections[word].lower(), line[at + len(word) + 3 :]


def _read_csv(text: str) -> Extracted | None:
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (csv.Error, StopIteration):
        return None
    rows = [row for row in rows if row]
    if len(rows) != 1 or len(rows[0]) < _FEWEST_COLUMNS:
        return None
    return _finished({name: value for name, value in zip(_COLUMNS, rows[0], strict=False) if value})


def _from_json(document: Mapping[str, Any]) -> Extracted | None:
    if "error_severity" not in document:
        return None
    found = {_JSON.get(name, name): value for name, value in document.items() if value is not None}
    return _finished({name: value if isinstance(value, str) else str(value) for name, value in found.items()})


def _finished(found: dict[str, Any]) -> Extracted:
    found = {name: value for name, value in found.items() if value and value != "[unknown]"}
    remote = _REMOTE.fullmatch(found.pop("remote", ""))
    if remote is not None and remote[1]:
        found["remote_host"] = remote[1]
        if port := remote[2] or remote[3]:
            found["remote_port"] = port
    return understand_message(found)
