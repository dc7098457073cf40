"""Linux audit events: the records of one serial, joined (`type=SYSCALL msg=audit(1795651200.123:456): …`).

Sources: the kernel's audit.c and auditsc.c, audit's auditd.conf(5), ausearch(8) and their field dictionary. Options:
`syscalls` (architecture, `generic` for those that share a table, to names in the order of their numbers, `-` for none),
`types` (number to name of record types, for what the kernel log writes), `meanings` (record type or system call to the
names and values it adds).

Names given: `time`, `serial`, `node`, `type`, `types`, the fields of all records under their own names, and `args`,
`command_line`, `title`, `cwd`, `paths`, `socket`, `action`, `outcome`; a field's interpreted form (enriched format, or
`name=` twice) under the field's name and `_name`.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from sec_ops.siem.engines import Extract, Extracted
from sec_ops.siem.engines._audit_values import decoded, pairs, socket_address, unhex

__all__ = ["OPTIONS", "compile_engine"]

OPTIONS = frozenset({"syscalls", "types", "meanings"})
_HEAD = re.compile(
    r"(?:node=(\S{1,255}) )?(?:audit(?:\(\d{1,6}\))?: )?type=([A-Z0-9_\[\]]{1,64}) "
    r"(?:msg=)?audit\((\d{1,12}\.\d{1,6}):(\d{1,20})\) ?:? ?"
)
_ARCHITECTURES: Final = {
    "c000003e": "x86_64",
    "40000003": "i386",
    "c00000b7": "aarch64",
    "c0000102": "loongarch64",
    "c00000f3": "riscv64",
    "40000028": "arm",
    "c0000015": "ppc64le",
    "80000016": "s390x",
}
_TABLES: Final = {"aarch64": "generic", "loongarch64": "generic", "riscv64": "generic"}
_DETAILS: Final = frozenset(
    {
        "SYSCALL",
        "PATH",
        "CWD",
        "PROCTITLE",
        "EXECVE",
        "SOCKADDR",
        "EOE",
        "BPRM_FCAPS",
        "CAPSET",
        "MMAP",
        "FD_PAIR",
        "IPC",
    }
)
_ARGUMENT = re.compile(r"a(\d{1,5})(?:\[(\d{1,5})\])?")
_UNSET: Final = frozenset({"4294967295", "-1", "unset", "?", "(none)", "(null)", ""})
_ARGUMENTS_BOUND: Final = 4_096
_PATHS_BOUND: Final = 64
_SEPARATOR: Final = "\x1d"


def compile_engine(options: Mapping[str, Any]) -> Extract:
    """Return the extraction; raises ValueError for tables of another shape."""
    tables = {name: options.get(name, {}) for name in OPTIONS}
    if not all(isinstance(table, Mapping) for table in tables.values()):
        raise ValueError("syscalls, types, meanings: names and values")
    calls = {arch: str(names).split() for arch, names in tables["syscalls"].items()}
    types = {str(number): str(name) for number, name in tables["types"].items()}
    meanings = {str(name): dict(each) for name, each in tables["meanings"].items()}
    return lambda text: _extract(text, calls, types, meanings)


def _extract(
    text: str, calls: Mapping[str, list[str]], types: Mapping[str, str], meanings: Mapping[str, Mapping[str, Any]]
) -> Extracted | None:
    found: dict[str, Any] = {}
    seen: list[str] = []
    arguments: dict[int, dict[int, str]] = {}
    for line in text.split("\n"):
        head = _HEAD.match(line)
        if head is None:
            continue
        name = types.get(head[2], head[2])
        if not seen:
            found.update({"time": head[3], "serial": head[4]}, **({"node": head[1]} if head[1] else {}))
        seen.append(name)
        _record(name, line[head.end() :], found, arguments)
    if not seen:
        return None
    found["types"] = list(dict.fromkeys(seen))
    found["type"] = next((each for each in seen if each not in _DETAILS), seen[0])
    _arguments(arguments, found)
    _call(found, calls)
    return {**meanings.get(found["action"], meanings.get(found["type"], {})), **found}


def _record(name: str, body: str, found: dict[str, Any], arguments: dict[int, dict[int, str]]) -> None:
    body, _, interpreted = body.partition(_SEPARATOR)
    if name == "EXECVE":
        _collect(body, arguments)
    elif name == "PATH":
        _path(body, found)
    elif name == "PROCTITLE":
        title = dict(pairs(body)).get("proctitle", "")
        found["title"] = " ".join(decoded("proctitle", title).split("\0")).strip()
    elif name == "SOCKADDR":
        found["socket"] = socket_address(dict(pairs(body)).get("saddr", ""))
    elif name != "EOE":
        _fields(body, found)
        _interpreted(interpreted, found)


def _fields(body: str, found: dict[str, Any]) -> None:
    inner, outer = "", body
    start, end = body.find("msg='"), body.rfind("'")
    if start >= 0 and end > start + 4:
        outer, inner = body[:start], body[start + 5 : end]
    for name, value in (*pairs(outer), *pairs(inner)):
        text = decoded(name, value)
        if text not in _UNSET and name != "msg":
            found.setdefault(name, text)


def _interpreted(text: str, found: dict[str, Any]) -> None:
    for name, value in pairs(text):
        plain = decoded("", value)
        if plain not in _UNSET:
            found.setdefault(f"{name.lower()}_name", plain)


def _path(body: str, found: dict[str, Any]) -> None:
    path = {name: decoded(name, value) for name, value in pairs(body) if value not in _UNSET}
    paths = found.setdefault("paths", [])
    if "name" in path and len(paths) < _PATHS_BOUND:
        paths.append({key: path[key] for key in ("name", "nametype", "inode", "mode", "ouid", "ogid") if key in path})


def _collect(body: str, arguments: dict[int, dict[int, str]]) -> None:
    """Note the arguments of an EXECVE record: whole, or a long one's pieces, which may go on in the next record."""
    for name, value in pairs(body):
        match = _ARGUMENT.fullmatch(name)
        if match is not None and (int(match[1]) in arguments or len(arguments) < _ARGUMENTS_BOUND):
            arguments.setdefault(int(match[1]), {})[int(match[2] or 0)] = value


def _arguments(arguments: dict[int, dict[int, str]], found: dict[str, Any]) -> None:
    if not arguments:
        return
    args = [_argument([piece for _, piece in sorted(pieces.items())]) for _, pieces in sorted(arguments.items())]
    found["args"] = args
    found["args_count"] = len(args)
    found["command_line"] = " ".join(args)


def _argument(pieces: list[str]) -> str:
    if all(piece[:1] != '"' for piece in pieces) and (text := unhex("".join(pieces))) is not None:
        return text
    return "".join(decoded("", piece) for piece in pieces)


def _call(found: dict[str, Any], calls: Mapping[str, list[str]]) -> None:
    """Name architecture and system call; say what was done and how it went."""
    arch = _ARCHITECTURES.get(str(found.get("arch", "")).lower(), found.get("arch"))
    if arch is not None:
        found["arch"] = arch
    number = str(found.get("syscall", ""))
    if number.isascii() and number.isdigit() and len(number) < 5:
        names = calls.get(_TABLES.get(str(arch), str(arch)), [])
        name = names[int(number)] if int(number) < len(names) else "-"
        found["syscall_name"] = found.get("syscall_name") or (name if name != "-" else number)
    elif number:
        found.setdefault("syscall_name", number)
    is_call = found["type"] in _DETAILS and "syscall_name" in found
    found["action"] = found["syscall_name"] if is_call else str(found["type"]).lower()
    result = found.get("success") or found.get("res")
    if result in ("yes", "success", "1"):
        found["outcome"] = "success"
    elif result in ("no", "failed", "0"):
        found["outcome"] = "failure"
    names_of = [path["name"] for path in found.get("paths", ()) if path.get("nametype") != "PARENT"]
    if names_of:
        found["object"] = names_of[0]
