"""Where shipped content lies: the checkout first, the installed package second."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.messages import message

__all__ = ["CONTENT_FOLDERS", "built_digests", "content_digests", "shipped_root"]

CONTENT_FOLDERS = ("rules", "playbooks", "backup", "inventory")
_PACKAGE = Path(__file__).resolve().parent.parent


def shipped_root(package: Path = _PACKAGE) -> Path:
    """Return the folder that holds `rules/` and its neighbours; raises ContentInvalid when there is none."""
    checkout = package.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "rules").is_dir():
        return checkout
    installed = package / "_content"
    if (installed / "rules").is_dir():
        return installed
    fault = Fault(file=str(installed), line=0, path="", message=message("the shipped content is not installed"))
    raise ContentInvalid((fault,), advice=message("install sec-ops again"))


def built_digests(root: Path, package: Path = _PACKAGE) -> Mapping[str, str] | None:
    """Return path to SHA-256 as computed when the package was built; None in a checkout, which is being edited.

    Raises ContentInvalid when an installed package lacks them.
    """
    if root != package / "_content":
        return None
    path = package / "_content.json"
    try:
        digests: dict[str, str] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        fault = Fault(
            file=str(path), line=0, path="", message=message("the digests of the shipped content are missing")
        )
        raise ContentInvalid((fault,), advice=message("install sec-ops again")) from error
    return digests


def content_digests(root: Path) -> dict[str, str]:
    """Return path (below `root`, with `/`) to SHA-256 of every content file."""
    files = (path for folder in CONTENT_FOLDERS for path in (root / folder).rglob("*") if path.is_file())
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(files)
        if "__pycache__" not in path.parts
    }
