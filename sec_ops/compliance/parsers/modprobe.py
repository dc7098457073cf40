"""Which kernel modules modprobe refuses (modprobe.d(5))."""

from collections.abc import Mapping
from typing import Any, Final

from sec_ops.compliance.parsers.files import parse as parse_files

OPTIONS: frozenset[str] = frozenset()
_FOLDERS: Final = ("/etc/", "/run/", "/usr/local/lib/", "/usr/lib/", "/lib/")
_REFUSALS = frozenset({"/bin/false", "/bin/true", "/usr/bin/false", "/usr/bin/true", "false", "true"})


def parse(text: str, options: Mapping[str, Any]) -> dict[str, list[str]]:  # noqa: ARG001 - one signature
    """Return `refused` (install runs true or false) and `blacklisted` modules, names with `_` for `-`, sorted.

    A blacklisted module can still be loaded by name. `text` is `show_all` of the modprobe.d folders.
    """
    installs: dict[str, str] = {}
    blacklisted: set[str] = set()
    for content in _in_order(parse_files(text, {})):
        for line in content.replace("\\\n", " ").split("\n"):
            words = line.split()
            if len(words) >= 3 and words[0] == "install":
                installs.setdefault(_name(words[1]), words[2])
            elif len(words) >= 2 and words[0] == "blacklist":
                blacklisted.add(_name(words[1]))
    refused = sorted(name for name, command in installs.items() if command in _REFUSALS)
    return {"refused": refused, "blacklisted": sorted(blacklisted)}


def _name(word: str) -> str:
    return word.replace("-", "_")


def _in_order(files: Mapping[str, str]) -> list[str]:
    chosen: dict[str, tuple[int, str]] = {}
    for path in files:
        name = path.rpartition("/")[2]
        rank = next((place for place, folder in enumerate(_FOLDERS) if path.startswith(folder)), len(_FOLDERS))
        if name not in chosen or rank < chosen[name][0]:
            chosen[name] = (rank, path)
    return [files[path] for _, (_, path) in sorted(chosen.items())]
