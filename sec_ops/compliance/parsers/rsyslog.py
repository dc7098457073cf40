"""Where rsyslog sends each facility: legacy selectors and RainerScript together (rsyslog.conf(5))."""

import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sec_ops.compliance.parsers.files import parse as parse_files

OPTIONS: frozenset[str] = frozenset()
_MAIN: Final = "/etc/rsyslog.conf"
_FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *(f"local{number}" for number in range(8)),
)
_LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
_ALIASES: Final = {"panic": "emerg", "error": "err", "warn": "warning", "security": "auth"}
_UP_TO_INFO: Final = 0b0111_1111
_ALL: Final = 0b1111_1111
_SELECTOR = re.compile(r"([A-Za-z0-9*,]+\.[=!]*[A-Za-z*]+(?:;[A-Za-z0-9*,]+\.[=!]*[A-Za-z*]+)*)\s*(.*)", re.DOTALL)
_INCLUDE = re.compile(r"\$IncludeConfig\s+(\S+)", re.IGNORECASE)
_INCLUDE_CALL = re.compile(r"include\s*\([^)]*?\bfile\s*=\s*\"([^\"]+)\"[^)]*\)", re.IGNORECASE | re.DOTALL)
_CALL = re.compile(r"([a-z_]+)\s*\((.*)\)\s*", re.IGNORECASE | re.DOTALL)
_ARGUMENT = re.compile(r"([A-Za-z_.]+)\s*=\s*\"((?:\\.|[^\"\\])*)\"")
_PRIORITY_CONDITION = re.compile(
    r"if\s*\(?\s*prifilt\s*\(\s*[\"']([^\"']+)[\"']\s*\)\s*\)?\s+then\s+(.*)", re.IGNORECASE | re.DOTALL
)
_THEN = re.compile(r"\bthen\b", re.IGNORECASE)
_ELSE = re.compile(r"\}\s*else\b|\belse\s+if\b", re.IGNORECASE)
_REMOTE_MODULES = frozenset({"omfwd", "omrelp", "omelasticsearch", "omkafka", "omhttp", "omamqp1", "omgssapi"})
_OWN_HOST: Final = re.compile(r"(?:127\.|localhost(?:$|[:.])|\[?::1(?:\]|$|:[0-9]+$))", re.IGNORECASE)

Selection = dict[str, int]


@dataclass(slots=True)
class _Reached:
    """What one facility reaches: severities still passed on, and those written to files and sent away."""

    left: int = _ALL
    to_files: int = 0
    to_remotes: int = 0
    files: list[str] = field(default_factory=list)
    remotes: list[str] = field(default_factory=list)


def parse(text: str, options: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - one signature for all parsers
    """Return `facilities` (name -> `file`, `remote`, `files`, `remotes`), `files`, `remotes` and `conditional`.

    `file` and `remote` hold when all severities from info up get there without a condition. `conditional` counts the
    actions behind conditions that aren't understood: they prove nothing. `text` is `show_all` of /etc/rsyslog.conf and
    /etc/rsyslog.d/*.conf; a file that nothing includes doesn't count. Raises ValueError for unbalanced brackets.
    """
    files = parse_files(text, {})
    walk = _Walk()
    for statement in _statements(_expanded(files, _MAIN, set())):
        walk.take(statement)
    facilities = {
        name: {
            "file": reached.to_files & _UP_TO_INFO == _UP_TO_INFO,
            "remote": reached.to_remotes & _UP_TO_INFO == _UP_TO_INFO,
            "files": reached.files,
            "remotes": reached.remotes,
        }
        for name, reached in walk.reached.items()
    }
    return {
        "facilities": facilities,
        "files": sorted({path for reached in walk.reached.values() for path in reached.files}),
        "remotes": sorted({host for reached in walk.reached.values() for host in reached.remotes}),
        "conditional": walk.conditional,
    }


def _expanded(files: Mapping[str, str], path: str, seen: set[str]) -> str:
    """Return the text of a file with its includes in their places; each file once."""
    if path in seen or path not in files:
        return ""
    seen.add(path)
    content = re.sub(r"\\\n\s*", "", files[path])
    lines = [line for line in content.split("\n") if not line.lstrip().startswith("#")]
    body = "\n".join(lines)

    def included(found: re.Match[str]) -> str:
        pattern = found[1].rstrip("/") + "/*" if found[1].endswith("/") else found[1]
        names = sorted(name for name in files if fnmatch.fnmatchcase(name, pattern))
        return "\n".join(_expanded(files, name, seen) for name in names) + "\n"

    return _INCLUDE.sub(included, _INCLUDE_CALL.sub(included, body))


def _statements(text: str) -> Iterator[str]:
    """Yield statements: a line, or more while round or curly brackets are open."""
    gathered, depth = "", 0
    for line in text.split("\n"):
        stripped = line.strip()
        if not stripped or (stripped.startswith("#") and depth == 0):
            continue
        gathered = f"{gathered}\n{stripped}" if gathered else stripped
        depth += _depth(stripped)
        if depth <= 0 and not gathered.rstrip().lower().endswith("then"):
            yield gathered
            gathered, depth = "", 0
    if gathered:
        raise ValueError(f"brackets aren't closed: {gathered[:80]}")


def _depth(line: str) -> int:
    bare = re.sub(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'", "", line)
    return sum(bare.count(mark) for mark in "({") - sum(bare.count(mark) for mark in ")}")


class _Walk:
    """Follows the default rule set from top to bottom, as each message would."""

    def __init__(self) -> None:
        self.reached = {name: _Reached() for name in _FACILITIES}
        self.conditional = 0
        self._last: Selection | None = None

    def take(self, statement: str) -> None:
        """Take in one statement of the configuration."""
        lowered = statement.lower()
        if lowered.startswith(
            ("$", "module", "global", "template", "input", "main_queue", "ruleset", "set ", "unset ")
        ):
            return
        if lowered.startswith(("if ", "if(")):
            self._take_condition(statement)
        elif statement.startswith("&"):
            self._act_or_count(self._last, statement[1:].strip())
        elif statement.startswith((":", "!", "+", "-")) and not _SELECTOR.fullmatch(statement):
            self._last = None
            self._count(statement)
        elif selector := _SELECTOR.fullmatch(statement):
            self._last = _selection(selector[1])
            self._act_or_count(self._last, selector[2])
        else:
            self._act_or_count(dict.fromkeys(_FACILITIES, _ALL), statement)

    def _take_condition(self, statement: str) -> None:
        by_priority = _PRIORITY_CONDITION.fullmatch(statement)
        self._last = _selection(by_priority[1]) if by_priority and not _ELSE.search(by_priority[2]) else None
        for part in _parts(by_priority[2] if by_priority else _THEN.split(statement, maxsplit=1)[-1]):
            self._act_or_count(self._last, part)

    def _act_or_count(self, selection: Selection | None, action: str) -> None:
        if selection is None:
            self._count(action)
        else:
            for part in _parts(action):
                self._act(selection, part)

    def _count(self, action: str) -> None:
        self.conditional += 1 if _target(action.rpartition(" ")[2] if action.startswith(":") else action) else 0

    def _act(self, selection: Selection, action: str) -> None:
        stops = action.strip().lower() in ("stop", "~", "discard")
        kind, target = _target(action) or ("", "")
        for name, levels in selection.items():
            reached = self.reached[name]
            chosen = levels & reached.left
            if stops:
                reached.left &= ~levels
            elif chosen and kind == "file":
                reached.to_files |= chosen
                reached.files.extend([] if target in reached.files else [target])
            elif chosen and kind == "remote":
                reached.to_remotes |= chosen
                reached.remotes.extend([] if target in reached.remotes else [target])


def _parts(action: str) -> list[str]:
    """Return the actions of a block `{ … }`, or the one action."""
    stripped = action.strip()
    if stripped.startswith("{") and stripped.endswith("}"):
        return list(_statements(stripped[1:-1]))
    return [stripped]


def _selection(selector: str) -> Selection:
    """Return facility -> bits of severities; later parts of a selector override earlier ones."""
    chosen: Selection = dict.fromkeys(_FACILITIES, 0)
    for part in selector.split(";"):
        names, _, level = part.rpartition(".")
        for name in names.split(","):
            targets = _FACILITIES if name == "*" else (_ALIASES.get(name.lower(), name.lower()),)
            for target in targets:
                if target in chosen:
                    chosen[target] = _levels(level, chosen[target])
    return chosen


def _levels(word: str, before: int) -> int:
    negated, word = word.startswith("!"), word.removeprefix("!")
    exact, word = word.startswith("="), word.removeprefix("=").lower()
    if word == "none":
        return before if negated else 0
    if word == "*":
        return 0 if negated else _ALL
    name = _ALIASES.get(word, word)
    if name not in _LEVELS:
        return before
    index = _LEVELS.index(name)
    bits = 1 << index if exact else (1 << (index + 1)) - 1
    return before & ~bits if negated else before | bits


def _target(action: str) -> tuple[str, str] | None:
    """Return (`file` or `remote`, where to), or None for an action that keeps nothing."""
    word = action.strip()
    if word.startswith("@"):
        bare = re.sub(r"^@+(\([^)]*\))?", "", word).partition(";")[0].strip()
        return _remote(bare)
    if word.startswith(":omrelp:"):
        return _remote(word.removeprefix(":omrelp:").partition(";")[0])
    if word.startswith(("/", "-/", "?")):
        path = word.removeprefix("-").partition(";")[0]
        return None if path.startswith("/dev/") else ("file", path)
    call = _CALL.fullmatch(word)
    return _call_target(dict(_ARGUMENT.findall(call[2]))) if call and call[1].lower() == "action" else None


def _call_target(arguments: Mapping[str, str]) -> tuple[str, str] | None:
    lowered = {key.lower(): value for key, value in arguments.items()}
    module = lowered.get("type", "").lower()
    if module == "omfile":
        path = lowered.get("file") or "?" + lowered.get("dynafile", "")
        return None if path == "?" or path.startswith("/dev/") else ("file", path)
    if module in _REMOTE_MODULES:
        host = lowered.get("target") or lowered.get("server") or lowered.get("broker") or module
        port = lowered.get("port", "")
        return _remote(f"{host}:{port}" if port else host)
    return None


def _remote(host: str) -> tuple[str, str] | None:
    """Return where to, or None for nowhere and for the host itself."""
    return ("remote", host) if host and not _OWN_HOST.match(host) else None
