"""What PostgreSQL's own messages say of logins, statements and pgaudit. Source: the server's message texts, pgaudit."""

import csv
import re
from typing import Any, Final

__all__ = ["understand_message"]

_PAIR = re.compile(r"\b(\w{1,32})=(\S+)")
_CONNECTION_WORDS: Final = {
    "user": "user",
    "database": "database",
    "host": "remote_host",
    "port": "remote_port",
    "application_name": "application",
    "identity": "identity",
    "method": "method",
}
_STATEMENT = re.compile(
    r"(?:duration: (\d{1,15}(?:\.\d{1,9})?) ms)?(?:  )?"
    r"(?:(statement|execute [^:]{1,128}|parse [^:]{1,128}|bind [^:]{1,128}|plan): ?)?(.*)",
    re.DOTALL,
)
_REFUSED = re.compile(
    r"authentication failed for user \"(.*?)\"|role \"([^\"]{0,256})\" (?:does not exist|is not permitted to log in)"
)
_NO_ENTRY = re.compile(
    r"no pg_hba\.conf entry(?: for)? (?:replication connection from )?host "
    r"\"([^\"]{0,256})\", user \"([^\"]{0,256})\"(?:, database \"([^\"]{0,256})\")?"
)
_COMMAND = re.compile(r"\s*([A-Za-z]{2,20})")
_AUDIT: Final = ("kind", "statement_id", "substatement_id", "class", "command", "object_type", "object", "statement")
_AUTHENTICATION: Final = {"event.category": "authentication", "event.type": "start"}
_BEGINNINGS: Final = (
    ("connection received", {"event.action": "connection_received", "event.category": "network"}),
    ("connection authenticated", {"event.action": "connection_authenticated", **_AUTHENTICATION}),
    ("connection authorized", {"event.action": "connection_authorized", **_AUTHENTICATION, "event.outcome": "success"}),
    (
        "replication connection authorized",
        {"event.action": "connection_authorized", **_AUTHENTICATION, "event.outcome": "success"},
    ),
    ("disconnection", {"event.action": "disconnection", "event.category": "session", "event.type": "end"}),
)


def understand_message(found: dict[str, Any]) -> dict[str, Any]:
    """Return a record with what its message says beside its parts."""
    text = str(found.get("text", ""))
    for beginning, meaning in _BEGINNINGS:
        if text.startswith(beginning + ":"):
            pairs = dict(_PAIR.findall(text[:2048]))
            said = {ours: pairs[name].strip('"') for name, ours in _CONNECTION_WORDS.items() if name in pairs}
            return {**found, **meaning, **said}
    if text.startswith("AUDIT: "):
        return _audited(text, found)
    if refused := _REFUSED.search(text[:1024]):
        user = next(filter(None, refused.groups()), "")
        return {**found, "user": user, **_AUTHENTICATION, "event.action": "login_refused", "event.outcome": "failure"}
    if entry := _NO_ENTRY.search(text[:1024]):
        names = ("remote_host", "user", "database")
        said = {name: value for name, value in zip(names, entry.groups(), strict=True) if value}
        return {**found, **said, **_AUTHENTICATION, "event.action": "login_refused", "event.outcome": "failure"}
    return _statement(text, found)


def _statement(text: str, found: dict[str, Any]) -> dict[str, Any]:
    if text.startswith(("duration: ", "statement: ", "execute ", "parse ", "bind ")):
        match = _STATEMENT.fullmatch(text)
        if match is not None and (match[1] or match[2]):
            found = {**found, "event.action": "statement", **({"duration_ms": match[1]} if match[1] else {})}
            if match[3].strip():
                found["statement"] = match[3]
    elif "statement" in found and found.get("severity") in ("ERROR", "FATAL", "PANIC"):
        found = {**found, "event.action": "statement", "event.outcome": "failure"}
    if "statement" in found and (word := _COMMAND.match(found["statement"])):
        found.setdefault("command", word[1].upper())
    return found


def _audited(text: str, found: dict[str, Any]) -> dict[str, Any]:
    try:
        (row,) = csv.reader([text[7:].replace("\n", " ")])
    except (csv.Error, ValueError):
        return found
    said = {name: value for name, value in zip(_AUDIT, row, strict=False) if value}
    audit = {f"audit.{name}": value for name, value in said.items() if name not in ("command", "statement", "object")}
    own: dict[str, Any] = {name: said[name] for name in ("command", "statement", "object") if name in said}
    return {**found, **audit, **own, "event.action": "audit"}
