"""What `verify` and `restore` share: differences as documents and lines."""

from typing import Any

from sec_ops.backup.proving.comparing import Differences
from sec_ops.backup.verdict import Judged
from sec_ops.model.text import printable
from sec_ops.runtime.language import gettext as _

__all__ = ["counts_of", "differences_document", "path_lines"]

_SHOWN = 10


def counts_of(found: Differences | None) -> dict[str, int]:
    """Return the counts of what was compared; none when nothing was."""
    if found is None:
        return {}
    names = ("proved", "missing", "different", "extra", "rights")
    return {name: getattr(found, name) for name in names}


def differences_document(found: Differences | None) -> dict[str, Any]:
    """Return the counts, and the paths of what differs as far as they are kept."""
    if found is None:
        return {"compared": False}
    paths = {kind: [printable(each) for each in paths] for kind, paths in found.paths.items()}
    more = {"files": found.files, "bytes": found.bytes, "unproved": found.unproved}
    return {"compared": True, **more, **counts_of(found), "differences": paths}


def path_lines(judged: Judged) -> list[str]:
    """Return the first paths a verdict names."""
    lines = [f"    - {printable(each)}" for each in judged.paths[:_SHOWN]]
    more = len(judged.paths) - _SHOWN
    return [*lines, _("    … and {count} more").format(count=more)] if more > 0 else lines
