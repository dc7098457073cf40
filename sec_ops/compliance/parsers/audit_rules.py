"""Rules of the kernel's audit, as `auditctl -l` lists them or as the files hold them (auditctl(8), augenrules(8))."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sec_ops.compliance.parsers.files import parse as parse_files

OPTIONS: frozenset[str] = frozenset()
_LOADED: Final = "/loaded"
_COMPILED: Final = "/etc/audit/audit.rules"
_CONDITION = re.compile(r"([a-z_0-9]+)\s*(!=|>=|<=|&=|=|>|<|&)\s*(.*)")
_UNSET = frozenset({"unset", "-1", "4294967295"})
_ADMINISTRATORS = frozenset({("uid", "0"), ("euid", "0"), ("uid", "root"), ("euid", "root")})
_LIBRARY_ABI: Final = "any"


@dataclass(slots=True, kw_only=True)
class _Rule:
    """One rule in a common form, whether it was written as a watch or as a system call rule."""

    line: str
    action: str = ""
    filter: str = ""
    abi: str = _LIBRARY_ABI
    path: str = ""
    perm: str = ""
    calls: list[str] = field(default_factory=list)
    lowest_auid: int = 0
    as_administrator: bool = False
    across_users: bool = False
    narrowed: bool = False
    leaves_out: bool = False


def parse(text: str, options: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - one signature for all parsers
    """Return what the rules audit, from `show_all` of the rule files with the loaded rules as a file `/loaded`.

    Keys: `source` (`loaded` or `files`), `immutable` (`-e 2` in the files), `count`, `watches` (path -> letters of
    r, w, x, a), `calls` (ABI `b32`, `b64` or `any` -> system call -> lowest audited login UID), `administrator_calls`
    and `setuid_calls` (ABI -> calls audited for root, or for those who changed user), `excluded` (rules that leave
    users or everything out). Calls narrowed by other fields don't count. Raises ValueError naming an odd line.
    """
    files = parse_files(text, {})
    loaded = files.pop(_LOADED, None)
    stored = list(_stored_lines(files))
    lines = stored if loaded is None else [line for line in loaded.split("\n") if line.strip() != "No rules"]
    rules = _in_force([_rule(words, line) for line in lines if (words := _words(line))])
    return {
        "source": "files" if loaded is None else "loaded",
        "immutable": _is_immutable(stored),
        "count": len(rules),
        "watches": _watches(rules),
        "calls": _calls(rules),
        "administrator_calls": _calls_where(rules, "as_administrator"),
        "setuid_calls": _calls_where(rules, "across_users"),
        "excluded": [rule.line for rule in rules if rule.leaves_out],
    }


def _stored_lines(files: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines augenrules would compile, which puts `-D` first; without rules.d the compiled file counts."""
    parts = {path: content for path, content in files.items() if path != _COMPILED}
    for path in sorted(parts or files, key=lambda name: name.rpartition("/")[2]):
        lines = files[path].split("\n")
        yield from (line for line in lines if line.split() != ["-D"]) if parts else lines


def _words(line: str) -> list[str]:
    stripped = line.strip()
    if not stripped or stripped.startswith("#"):
        return []
    try:
        return shlex.split(stripped, comments=True)
    except ValueError as error:
        raise ValueError(f"not an audit rule: {stripped[:80]}") from error


def _is_immutable(lines: Sequence[str]) -> bool:
    """Say whether the last `-e` locks the configuration; augenrules moves it to the end."""
    states = [words[1] for line in lines if len(words := _words(line)) == 2 and words[0] == "-e"]
    return bool(states) and states[-1] == "2"


def _rule(words: Sequence[str], line: str) -> _Rule:
    rule = _Rule(line=line.strip())
    options = _options(words, rule.line)
    for flag, value in options:
        _apply(rule, flag, value)
    if rule.path and not rule.perm:
        rule.perm = "rwxa"
    if rule.perm and not rule.path:
        rule.narrowed = True
    return rule


def _options(words: Sequence[str], line: str) -> list[tuple[str, str]]:
    """Return the pairs of flag and value; `-D`, `-i` and `-c` stand alone."""
    pairs: list[tuple[str, str]] = []
    index = 0
    while index < len(words):
        flag = words[index]
        alone = flag in ("-D", "-i", "-c", "--reset-lost", "--loginuid-immutable")
        if not flag.startswith("-") or not (alone or index + 1 < len(words)):
            raise ValueError(f"not an audit rule: {line[:80]}")
        pairs.append((flag, "" if alone else words[index + 1]))
        index += 1 if alone else 2
    return pairs


def _apply(rule: _Rule, flag: str, value: str) -> None:
    if flag == "-w":
        rule.action, rule.filter, rule.path = "always", "exit", value.rstrip("/") or "/"
    elif flag in ("-W", "-d", "-D"):
        rule.action = "delete-all" if flag == "-D" else "delete"
    elif flag == "-p":
        rule.perm = value
    elif flag in ("-a", "-A"):
        _set_list(rule, value)
    elif flag == "-S":
        rule.calls.extend(call for call in value.split(",") if call)
    elif flag == "-C":
        rule.across_users = value in ("uid!=euid", "euid!=uid", "auid!=uid", "uid!=auid", "auid!=euid", "euid!=auid")
        rule.narrowed = True
    elif flag == "-F":
        _add_condition(rule, value)


def _set_list(rule: _Rule, value: str) -> None:
    words = set(value.split(","))
    rule.action = "never" if "never" in words else "always"
    rule.filter = next(
        (word for word in ("task", "user", "exclude", "filesystem", "io_uring") if word in words), "exit"
    )


def _add_condition(rule: _Rule, value: str) -> None:
    parts = _CONDITION.fullmatch(value)
    if not parts:
        raise ValueError(f"not an audit condition: {value[:80]}")
    name, operator, operand = parts.groups()
    if name == "arch":
        rule.abi = _abi(operand)
    elif name in ("path", "dir"):
        rule.path = operand.rstrip("/") or "/"
    elif name == "perm":
        rule.perm = operand
    elif name == "auid":
        _add_login_user(rule, operator, operand)
    elif (name, operand) in _ADMINISTRATORS and operator == "=":
        rule.as_administrator = rule.narrowed = True
    elif name == "success":
        rule.narrowed = rule.narrowed or operator != "=" or operand not in ("1", "yes")
    elif name != "key" and not (name == "a0" and operand in ("0", "0x0")):
        rule.narrowed = True


def _abi(word: str) -> str:
    """Return b32 or b64; `auditctl -l` may name the machine."""
    if word in ("b32", "b64"):
        return word
    return "b64" if "64" in word or word in ("s390x", "alpha") else "b32"


def _add_login_user(rule: _Rule, operator: str, operand: str) -> None:
    number = int(operand) if operand.isascii() and operand.isdigit() and len(operand) < 12 else -1
    if operator == "!=" and operand in _UNSET:
        return
    if operator == "!=" and rule.action == "always":
        rule.leaves_out = True
    elif operator in (">=", ">") and number >= 0:
        rule.lowest_auid = number if operator == ">=" else number + 1
    else:
        rule.narrowed = True


def _in_force(rules: Sequence[_Rule]) -> list[_Rule]:
    """Return the rules left at the end: `-D` drops those before it; `never` rules leave users or everything out."""
    left: list[_Rule] = []
    for rule in rules:
        if rule.action == "delete-all":
            left.clear()
        elif rule.action == "never":
            rule.leaves_out = rule.filter in ("task", "exit", "user") and not (rule.path or "msgtype" in rule.line)
            left.append(rule)
        elif rule.action == "always":
            rule.leaves_out = rule.leaves_out or (rule.filter == "exclude" and "msgtype" not in rule.line)
            left.append(rule)
    return left


def _effective(rules: Sequence[_Rule]) -> list[_Rule]:
    return [rule for rule in rules if rule.action == "always" and rule.filter == "exit"]


def _watches(rules: Sequence[_Rule]) -> dict[str, str]:
    found: dict[str, str] = {}
    for rule in _effective(rules):
        if rule.path and not (rule.narrowed or rule.leaves_out):
            letters = set(found.get(rule.path, "")) | set(rule.perm)
            found[rule.path] = "".join(letter for letter in "rwxa" if letter in letters)
    return found


def _calls(rules: Sequence[_Rule]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {"b32": {}, "b64": {}, _LIBRARY_ABI: {}}
    for rule in _effective(rules):
        if rule.path or rule.narrowed:
            continue
        for call in rule.calls:
            known = found[rule.abi].get(call)
            found[rule.abi][call] = rule.lowest_auid if known is None else min(known, rule.lowest_auid)
    return found


def _calls_where(rules: Sequence[_Rule], trait: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"b32": [], "b64": [], _LIBRARY_ABI: []}
    for rule in _effective(rules):
        if getattr(rule, trait) and not rule.path:
            found[rule.abi].extend(call for call in rule.calls if call not in found[rule.abi])
    return found
