"""Where a host's variable stands in the files of an Ansible inventory, so that a fault can name its line.

Ansible merges `hosts.yml`, `group_vars/` and `host_vars/` without telling the origin; this looks for it in their text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sec_ops.content.layer import shown_path

__all__ = ["HOSTS_FILE", "Locate", "Places"]

HOSTS_FILE = "hosts.yml"

Locate = Callable[[str, str], tuple[str, int]]
"""File and line of a host's variable; an empty variable asks for the host itself."""


def _files(folder: Path) -> tuple[Path, ...]:
    """Return the files Ansible reads: `hosts.yml`, `group_vars/` and `host_vars/`."""
    more = [
        path for name in ("group_vars", "host_vars") for path in sorted((folder / name).rglob("*")) if path.is_file()
    ]
    return (folder / HOSTS_FILE, *more)


@dataclass(frozen=True, slots=True)
class Places:
    """The lines of an inventory's files."""

    folder: Path
    texts: tuple[tuple[Path, tuple[str, ...]], ...]

    @classmethod
    def of(cls, folder: Path) -> "Places":
        """Read the files below an inventory folder."""
        files = [path for path in _files(folder) if path.is_file()]
        return cls(folder, tuple((path, tuple(path.read_text(errors="replace").splitlines())) for path in files))

    def locate(self, host: str, variable: str) -> tuple[str, int]:
        """Return file and line (0 when unknown) of a host's variable, or of the host."""
        found = self._in_host(host, variable) if variable else None
        found = found or (self._anywhere(variable) if variable else None) or self._anywhere(host)
        return found or (shown_path(self.folder / HOSTS_FILE), 0)

    def _in_host(self, host: str, variable: str) -> tuple[str, int] | None:
        for path, lines in self.texts:
            own = path.stem == host or host in path.parent.parts[-1:]
            start = 0 if own else next((number for number, line in enumerate(lines, 1) if _is_key(line, host)), None)
            if start is None:
                continue
            for number, line in enumerate(lines[start:], start + 1):
                if not own and _indent(line) <= _indent(lines[start - 1]):
                    break
                if _is_key(line, variable):
                    return shown_path(path), number
        return None

    def _anywhere(self, key: str) -> tuple[str, int] | None:
        for path, lines in self.texts:
            for number, line in enumerate(lines, 1):
                if _is_key(line, key):
                    return shown_path(path), number
        return None


def _is_key(line: str, key: str) -> bool:
    return re.match(rf"""\s*(- )?["']?{re.escape(key)}["']?\s*[:=]""", line) is not None


def _indent(line: str) -> int:
    stripped = line.lstrip()
    return len(line) - len(stripped) if stripped and not stripped.startswith("#") else 1_000_000
