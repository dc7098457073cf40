"""How long logrotate keeps each log (logrotate(8))."""

import fnmatch
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sec_ops.compliance.parsers.files import parse as parse_files

OPTIONS = frozenset({"logs"})
_MAIN: Final = "/etc/logrotate.conf"
_FOLDER: Final = "/etc/logrotate.d/"
_TABOO = re.compile(
    r".*(\.bak|\.cfsaved|\.disabled|\.dpkg-[a-z]+|\.rhn-cfg-tmp-.*|\.rpmnew|\.rpmorig|\.rpmsave|\.swp|\.ucf-[a-z]+|,v|~)|\..*"
)
# A month of 31 days: six monthly files always reach back six calendar months, which may be 184 days.
_PERIODS: Final = {"daily": 1, "weekly": 7, "monthly": 31, "yearly": 366}
_FOR_EVER: Final = 36_500
_SCRIPTS = frozenset({"postrotate", "prerotate", "firstaction", "lastaction", "preremove"})

Settings = dict[str, str]


def parse(text: str, options: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return path -> how long it is kept, for those of the option `logs` (paths) that a block covers.

    Keys: `pattern`, `days` (kept at least: whole rotations times their period; 0 where size alone drives rotation;
    36500 for ever), `rotate`, `period`, `sized` (a size can shorten the time), `file`. `text` is `show_all` of
    /etc/logrotate.conf and /etc/logrotate.d/*. Raises ValueError for an unclosed block.
    """
    files = parse_files(text, {})
    reader = _Reader({path: content for path, content in files.items() if not _is_taboo(path)})
    reader.read(_MAIN)
    logs = [str(path) for path in options.get("logs", ())]
    covered = {path: next((entry for entry in reader.found if _names(entry, path)), None) for path in logs}
    return {path: entry for path, entry in covered.items() if entry}


def _names(entry: Mapping[str, Any], path: str) -> bool:
    """Say whether the entry's pattern names `path`; the first block that does is the one logrotate follows."""
    return fnmatch.fnmatchcase(path, str(entry["pattern"]))


def _is_taboo(path: str) -> bool:
    return path.startswith(_FOLDER) and _TABOO.fullmatch(path.removeprefix(_FOLDER)) is not None


class _Reader:
    """Reads files in logrotate's order: global settings hold for the blocks that come after them."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.found: list[dict[str, Any]] = []
        self._files = files
        self._settings: Settings = {}
        self._seen: set[str] = set()

    def read(self, path: str) -> None:
        """Read one file and, where they are named, the files it includes."""
        if path in self._seen or path not in self._files:
            return
        self._seen.add(path)
        lines = iter(list(_meaningful(self._files[path])))
        patterns: list[str] = []
        for line in lines:
            if line.startswith("include "):
                self._include(line.removeprefix("include ").strip())
            elif line.startswith(("/", '"', "'")) or patterns or line == "{":
                before, brace, rest = line.partition("{")
                patterns += _patterns(before)
                if brace:
                    self._block(path, patterns, lines, rest)
                    patterns = []
            else:
                _set(self._settings, line)

    def _include(self, target: str) -> None:
        folder = target.rstrip("/") + "/"
        for path in sorted(self._files):
            if path == target or (path.startswith(folder) and "/" not in path.removeprefix(folder)):
                self.read(path)

    def _block(self, path: str, patterns: list[str], lines: Iterator[str], rest: str) -> None:
        settings = dict(self._settings)
        for line in (rest, *_inside(path, rest, lines)):
            body = line.partition("}")[0].strip()
            if body:
                _set(settings, body)
        self.found += [_entry(path, pattern, settings) for pattern in patterns]


def _meaningful(content: str) -> Iterator[str]:
    """Yield stripped lines without comments and without the scripts inside blocks."""
    in_script = False
    for line in content.split("\n"):
        stripped = line.strip()
        if in_script:
            in_script = stripped != "endscript"
        elif stripped.split(" ")[0] in _SCRIPTS:
            in_script = True
        elif stripped and not stripped.startswith("#"):
            yield stripped


def _inside(path: str, rest: str, lines: Iterator[str]) -> Iterator[str]:
    if "}" in rest:
        return
    for line in lines:
        yield line
        if "}" in line:
            return
    raise ValueError(f"{path}: a block isn't closed")


def _patterns(text: str) -> list[str]:
    return [double or single or bare for double, single, bare in re.findall(r"\"([^\"]*)\"|'([^']*)'|(\S+)", text)]


def _set(settings: Settings, line: str) -> None:
    key, _, value = line.replace("=", " ", 1).partition(" ")
    value = value.strip()
    if key in _PERIODS or key == "hourly":
        settings["period"] = key
        settings.pop("size", None)
    elif key in ("rotate", "maxage", "maxsize", "size"):
        settings[key] = value


def _entry(path: str, pattern: str, settings: Settings) -> dict[str, Any]:
    return {
        "pattern": pattern,
        "days": _days(settings),
        "rotate": _number(settings.get("rotate", "0")),
        "period": "size" if "size" in settings else settings.get("period", "size"),
        "sized": "size" in settings or "maxsize" in settings or "period" not in settings,
        "file": path,
    }


def _days(settings: Settings) -> int:
    rotate = _number(settings.get("rotate", "0"))
    period = 0 if "size" in settings else _PERIODS.get(settings.get("period", ""), 0)
    kept = _FOR_EVER if rotate < 0 else min(rotate * period, _FOR_EVER)
    if settings.get("period") == "hourly" and "size" not in settings and rotate > 0:
        kept = rotate // 24
    age = _number(settings.get("maxage", "0"))
    return min(kept, age) if age > 0 else kept


def _number(word: str) -> int:
    digits = word.removeprefix("-")
    return int(word) if digits.isascii() and digits.isdigit() and len(digits) < 9 else 0
