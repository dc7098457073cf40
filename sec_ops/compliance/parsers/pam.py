"""PAM stacks as they are really used: include, substack and @include followed (pam.conf(5), pam.d(5))."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sec_ops.compliance.pam_course import refuses
from sec_ops.compliance.parsers.files import parse as parse_files

OPTIONS = frozenset({"gates", "services"})
_KINDS = ("account", "auth", "password", "session")
_LINE = re.compile(r"-?(\w+)\s+(\[[^\]]*\]|\S+)\s+(\S+)\s*(.*)")
_ARGUMENT = re.compile(r"\[((?:\\.|[^\]\\])*)\]|(\S+)")
_DEEPEST = 16

Entry = dict[str, Any]


def parse(text: str, options: Mapping[str, Any]) -> dict[str, dict[str, list[Entry]]]:
    """Return service -> kind (auth, account, password, session) -> entries in the order they run.

    `text` is `show_all` of /etc/pam.d/* (and /usr/lib/pam.d/*; /etc wins). An entry has `control` (as written),
    `module` (file name, such as `pam_unix.so`), `args` (name -> value, flags -> empty string), `file` (where it
    stands) and `within` (the substack it belongs to, "" for none). Those of the modules in the option `gates` (names)
    have `stops`: when they refuse, and all others agree, the stack fails. With the option `services` (names) only
    those are returned: rules pay for every entry they are handed. An include of a file that isn't among the
    output has control `missing` and the file's name as module.
    Raises ValueError for a line that is no PAM line and for includes that go round.
    """
    lines = _lines_of(parse_files(text, {}))
    gates = frozenset(str(name) for name in options.get("gates", ()))
    wanted = [name for name in options.get("services", lines) if name in lines]
    return {service: {kind: _told(list(_stack(lines, service, kind)), gates) for kind in _KINDS} for service in wanted}


def stacks(files: Mapping[str, str], kind: str, services: Iterable[str]) -> dict[str, list[Entry]]:
    """Return service -> its entries of one kind, for those of `services` that have any; `files` is path -> text.

    Files outside of a PAM folder don't count. Raises ValueError as `parse` does.
    """
    lines = _lines_of({path: content for path, content in files.items() if "/pam.d/" in path})
    found = {service: list(_stack(lines, service, kind)) for service in services if service in lines}
    return {service: entries for service, entries in found.items() if entries}


def _lines_of(files: Mapping[str, str]) -> dict[str, list[tuple[str, str, str, str]]]:
    return {service: list(_lines(service, content)) for service, content in _services(files).items()}


def _told(entries: list[Entry], gates: frozenset[str]) -> list[Entry]:
    for entry in entries:
        if entry["module"] in gates:
            entry["stops"] = refuses(entries, lambda other, this=entry: other is this)  # type: ignore[misc]
    return entries


def _services(files: Mapping[str, str]) -> dict[str, str]:
    ordered = sorted(files.items(), key=lambda item: item[0].startswith("/etc/"))
    return {path.rpartition("/")[2]: content for path, content in ordered}


def _lines(service: str, content: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield kind, control, module and arguments; `@include` has the kind `*`."""
    for number, line in enumerate(content.replace("\\\n", " ").split("\n"), 1):
        stripped = line.partition("#")[0].strip()
        if stripped.startswith("@include"):
            yield "*", "include", stripped.removeprefix("@include").strip(), ""
        elif stripped:
            parts = _LINE.fullmatch(stripped)
            if not parts or parts[1].lower() not in _KINDS:
                raise ValueError(f"{service}, line {number}: not a PAM line")
            yield parts[1].lower(), parts[2], parts[3], parts[4]


def _stack(
    lines: Mapping[str, list[tuple[str, str, str, str]]], service: str, kind: str, within: str = "", depth: int = 0
) -> Iterator[Entry]:
    if depth > _DEEPEST:
        raise ValueError(f"{service}: its includes go round")
    for number, (line_kind, control, module, arguments) in enumerate(lines[service]):
        if line_kind not in (kind, "*"):
            continue
        included = module.rpartition("/")[2]
        if control.lower() not in ("include", "substack"):
            yield {**_entry(control, module, arguments), "file": service, "within": within}
        elif included in lines:
            inside = f"{within}/{service}:{number}" if control.lower() == "substack" else within
            yield from _stack(lines, included, kind, inside, depth + 1)
        else:
            yield {"control": "missing", "module": module, "args": {}, "file": service, "within": within}


def _entry(control: str, module: str, arguments: str) -> Entry:
    words = (bracketed or plain for bracketed, plain in _ARGUMENT.findall(arguments))
    pairs = (word.partition("=") for word in words)
    return {
        "control": control,
        "module": module.rpartition("/")[2],
        "args": {name: value for name, _, value in pairs},
    }
