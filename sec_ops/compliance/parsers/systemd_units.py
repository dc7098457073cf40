"""Configuration in the way of systemd: a main file and its drop-ins (systemd.unit(5), systemd.syntax(7))."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sec_ops.compliance.parsers.files import parse as parse_files

OPTIONS: frozenset[str] = frozenset()
# A folder earlier in the list wins over a file of the same name in a later one.
_FOLDERS: Final = ("/etc/", "/run/", "/usr/local/lib/", "/usr/lib/", "/lib/")


def parse(text: str, options: Mapping[str, Any]) -> dict[str, dict[str, str]]:  # noqa: ARG001 - one signature
    """Return file name (`auditd.service`, `journald.conf`) -> `Section.Key` -> the last value.

    `text` is `show_all` of main files and their drop-ins (`<name>.d/*.conf`). An empty assignment stays as an empty
    value. A name that has only drop-ins is there too.
    """
    found: dict[str, dict[str, str]] = {}
    for name, paths in sorted(_by_name(parse_files(text, {})).items()):
        settings: dict[str, str] = {}
        for _, content in _in_order(paths):
            settings.update(_settings(content))
        found[name] = settings
    return found


def _by_name(files: Mapping[str, str]) -> dict[str, dict[str, str]]:
    grouped: dict[str, dict[str, str]] = {}
    for path, content in files.items():
        folder = path.rpartition("/")[0]
        name = folder.rpartition("/")[2].removesuffix(".d") if folder.endswith(".d") else path.rpartition("/")[2]
        grouped.setdefault(name, {})[path] = content
    return grouped


def _in_order(paths: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (path, text) as they apply: the main file of the strongest folder, then drop-ins by their file names."""
    chosen: dict[tuple[bool, str], tuple[int, str]] = {}
    for path in paths:
        is_dropin = path.rpartition("/")[0].endswith(".d")
        key = (is_dropin, path.rpartition("/")[2])
        rank = next((place for place, folder in enumerate(_FOLDERS) if path.startswith(folder)), len(_FOLDERS))
        if key not in chosen or rank < chosen[key][0]:
            chosen[key] = (rank, path)
    return [(path, paths[path]) for _, (_, path) in sorted(chosen.items())]


def _settings(content: str) -> Iterator[tuple[str, str]]:
    section = ""
    for line in content.replace("\\\n", " ").split("\n"):
        stripped = line.strip()
        if stripped.startswith("[") and stripped.endswith("]"):
            section = stripped[1:-1]
        elif stripped and stripped[0] not in "#;" and "=" in stripped:
            key, _, value = stripped.partition("=")
            yield f"{section}.{key.strip()}", value.strip()
