"""sudo rules with their aliases resolved, as sudoers(5) describes them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sec_ops.compliance.parsers.files import parse as parse_files

OPTIONS: frozenset[str] = frozenset()
_MAIN: Final = ("/etc/sudoers", "/usr/local/etc/sudoers")
_INCLUDE: Final = re.compile(r"[#@](include|includedir)\s+(.+)")
_ALIAS: Final = re.compile(r"(User|Runas|Host|Cmnd|Cmd)_Alias\s+(.*)")
_DEFAULTS: Final = re.compile(r"Defaults([@:!>]\s*[^\s,]+(?:\s*,\s*[^\s,]+)*)?\s+(.*)")
_SPARES: Final = re.compile(r"(?<!\w)!\s*authenticate\b")
_MASKED: Final = re.compile(
    r"""\\.|"[^"]*"|\([^)]*\)|\bsha(?:224|256|384|512):|\b(?:NO)?(?:EXEC|FOLLOW|LOG_INPUT|LOG_OUTPUT|MAIL|INTERCEPT"""
    r"""|PASSWD|SETENV)\s*:"""
)
_LETTERS: Final = ",:="
_MASKS: Final = "\ue000\ue001\ue002"
_PREFIX: Final = re.compile(r"(\([^)]*\)|[A-Z_]+\s*\ue001|sha\d+\ue001\s*\S+\s|[A-Z]+=\S+\s)\s*")
_DEEPEST: Final = 16
_MOST: Final = 2000
_ASKED: Final = "asked"
_FREE: Final = "free"


@dataclass(slots=True)
class _Gathered:
    """What has been read so far, file after file."""

    files: Mapping[str, str]
    aliases: dict[str, list[str]] = field(default_factory=dict)
    specifications: list[tuple[str, str]] = field(default_factory=list)
    defaults: list[str] = field(default_factory=list)
    spared: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def parse(text: str, options: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - one signature for all parsers
    """Return `rules`, `defaults` (global ones, as written) and `missing` (included files that weren't read).

    A rule is one user and one command: `user` (name, `%group`, `ALL`, a leading `!` kept), `host`, `run_as`,
    `command` (arguments included), `password` (false for NOPASSWD and for `!authenticate`), `file`.
    Files that /etc/sudoers doesn't include don't count. Raises ValueError for a line that is no sudoers line.
    """
    gathered = _Gathered(files=parse_files(text, {}))
    main = next((path for path in _MAIN if path in gathered.files), None)
    if main is None:
        raise ValueError("there is no main sudoers file among the output")
    _read(gathered, main, 0)
    asked = _FREE if any(_SPARES.search(line) for line in gathered.defaults) else _ASKED
    rules = [rule for path, line in gathered.specifications for rule in _rules(gathered, path, line, asked)]
    if len(rules) > _MOST:
        raise ValueError(f"more than {_MOST} rules")
    return {"rules": rules, "defaults": gathered.defaults, "missing": gathered.missing}


def _read(gathered: _Gathered, path: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError(f"{path}: its includes go round")
    for line in gathered.files[path].replace("\\\n", " ").split("\n"):
        stripped = line.strip()
        if include := _INCLUDE.fullmatch(stripped):
            for included in _included(gathered, path, include[1], include[2].strip().strip('"')):
                _read(gathered, included, depth + 1)
        elif statement := _without_comment(stripped):
            _take(gathered, path, statement)


def _without_comment(line: str) -> str:
    # `#1000` is a user id, `# text` and `#text` are comments.
    return re.sub(r"(?:^|(?<=[\s,]))#(?!\d).*", "", line).strip()


def _included(gathered: _Gathered, path: str, kind: str, target: str) -> list[str]:
    place = target if target.startswith("/") else f"{path.rpartition('/')[0]}/{target}"
    if kind == "include":
        found = [place] if place in gathered.files else []
    else:
        folder = place.rstrip("/") + "/"
        names = sorted(name.removeprefix(folder) for name in gathered.files if name.startswith(folder))
        found = [folder + name for name in names if not {"/", "."} & set(name) and not name.endswith("~")]
    unread = kind == "include" or place.rstrip("/") != "/etc/sudoers.d"
    if not found and unread:
        gathered.missing.append(place)
    return found


def _take(gathered: _Gathered, path: str, line: str) -> None:
    if alias := _ALIAS.fullmatch(_masked(line)):
        for definition in alias[2].split(":"):
            name, equals, members = definition.partition("=")
            if not equals:
                raise ValueError(f"{path}: an alias without members")
            gathered.aliases[name.strip()] = _items(members)
    elif defaults := _DEFAULTS.fullmatch(line):
        if not defaults[1]:
            gathered.defaults.append(defaults[2].strip())
        elif _SPARES.search(defaults[2]):
            gathered.spared.append((defaults[1][0], defaults[1][1:]))
    else:
        gathered.specifications.append((path, line))


def _rules(gathered: _Gathered, path: str, line: str, asked: str) -> Iterator[dict[str, Any]]:
    aliases = gathered.aliases
    users, specifications = _users(path, _masked(line))
    for part in specifications.split(":"):
        hosts, equals, commands = part.partition("=")
        if not equals or not commands.strip():
            raise ValueError(f"{path}: not a sudoers line")
        host = ",".join(_expanded(aliases, _items(hosts)))
        for run_as, password, command in _commands(aliases, commands, asked):
            for user in _expanded(aliases, _items(users)):
                rule = {"user": user, "host": host, "run_as": run_as, "command": command}
                yield {**rule, "password": password == _ASKED and not _is_spared(gathered, user, command), "file": path}


def _is_spared(gathered: _Gathered, user: str, command: str) -> bool:
    """Say whether `Defaults` for some spare this rule the password; those for hosts and targets spare all."""
    named = {":": user, "!": command.partition(" ")[0]}
    return any(
        kind not in named or {"ALL", named[kind]} & set(_expanded(gathered.aliases, _items(members)))
        for kind, members in gathered.spared
    )


def _users(path: str, line: str) -> tuple[str, str]:
    """Return users and `hosts = commands : hosts = commands`; lists may have blanks around their commas."""
    tight = re.sub(r"\s*,\s*", ",", re.sub(r"!\s+", "!", line))
    head, equals, tail = tight.partition("=")
    words = head.rsplit(maxsplit=1)
    if not equals or len(words) != 2:
        raise ValueError(f"{path}: not a sudoers line")
    return words[0], f"{words[1]}={tail}"


def _commands(aliases: Mapping[str, list[str]], text: str, asked: str) -> Iterator[tuple[str, str, str]]:
    """Yield user run as, whether a password is asked for, and command; all but the last carry over to the next item."""
    run_as, password = "root", asked
    for item in text.split(","):
        rest = item.strip()
        while match := _PREFIX.match(rest):
            prefix, rest = _unmasked(match[1]), rest[match.end() :]
            if prefix.startswith("("):
                run_as = prefix.strip("() ") or "root"
            elif "PASSWD" in prefix:
                password = _FREE if prefix.startswith("NO") else _ASKED
        for command in _expanded(aliases, [_unmasked(rest.strip())]):
            yield run_as, password, command


def _expanded(aliases: Mapping[str, list[str]], names: list[str], depth: int = 0) -> Iterator[str]:
    for name in names:
        bare = name.lstrip("! ")
        negation = "!" * (name[: len(name) - len(bare)].count("!") % 2)
        if bare in aliases and depth < _DEEPEST:
            yield from (f"{negation}{member}" for member in _expanded(aliases, aliases[bare], depth + 1))
        elif bare:
            yield f"{negation}{bare}"


def _masked(line: str) -> str:
    """Put other letters where comma, colon and equals sign separate nothing: escaped, quoted, in brackets, in tags."""
    return _MASKED.sub(lambda found: found[0].translate(str.maketrans(_LETTERS, _MASKS)), line)


def _unmasked(text: str) -> str:
    return text.translate(str.maketrans(_MASKS, _LETTERS))


def _items(text: str) -> list[str]:
    return [_unmasked(item.strip()) for item in text.split(",") if item.strip()]
