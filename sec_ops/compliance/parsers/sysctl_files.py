"""Kernel parameters as the files set them at boot (sysctl.d(5))."""

import fnmatch
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sec_ops.compliance.parsers.files import parse as parse_files

OPTIONS = frozenset({"keys"})
_LAST: Final = "/etc/sysctl.conf"
# A folder earlier in the list hides a file of the same name in a later one.
_FOLDERS: Final = (
    "/etc/sysctl.d/",
    "/run/sysctl.d/",
    "/usr/local/lib/sysctl.d/",
    "/usr/lib/sysctl.d/",
    "/lib/sysctl.d/",
)


def parse(text: str, options: Mapping[str, Any]) -> dict[str, str]:
    """Return parameter (with dots) -> the value that wins; option `keys`: those that patterns with `*` may set too.

    `text` is `show_all` of the sysctl.d folders; /etc/sysctl.conf, when the output has it, comes last. As in
    systemd-sysctl an exact name wins over a pattern.
    """
    exact: dict[str, str] = {}
    patterns: dict[str, str] = {}
    for content in _in_order(parse_files(text, {})):
        for key, value in _assignments(content):
            target = patterns if "*" in key else exact
            target.pop(key, None)
            target[key] = value
    wanted = [str(key) for key in options.get("keys", ())]
    by_pattern = {key: value for pattern, value in patterns.items() for key in fnmatch.filter(wanted, pattern)}
    return by_pattern | exact


def _in_order(files: Mapping[str, str]) -> list[str]:
    chosen: dict[str, tuple[int, str]] = {}
    for path in files:
        if path == _LAST:
            continue
        name = path.rpartition("/")[2]
        rank = next((place for place, folder in enumerate(_FOLDERS) if path.startswith(folder)), len(_FOLDERS))
        if name not in chosen or rank < chosen[name][0]:
            chosen[name] = (rank, path)
    ordered = [files[path] for _, (_, path) in sorted(chosen.items())]
    return [*ordered, files[_LAST]] if _LAST in files else ordered


def _assignments(content: str) -> Iterator[tuple[str, str]]:
    for line in content.split("\n"):
        stripped = line.strip()
        if stripped and stripped[0] not in "#;" and "=" in stripped:
            key, _, value = stripped.partition("=")
            yield key.strip().removeprefix("-").replace("/", "."), " ".join(value.split())
