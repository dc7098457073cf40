"""The paper anchor: fingerprints of the log's keys and witnesses, on a page for the plan binder."""

from importlib.resources import files as package_files

from sec_ops.evidence.files import Files
from sec_ops.evidence.keys import Anchor, AnchorKey
from sec_ops.evidence.layout import Layout

__all__ = ["anchor_page", "write_anchor"]


def anchor_page(anchor: Anchor) -> str:
    """Return the page in Chinese and English."""
    template = package_files("sec_ops.evidence").joinpath("texts/anchor.txt").read_text(encoding="utf-8")
    return template.format(origin=anchor.origin, keys="\n\n".join(_line(key) for key in anchor.keys))


def write_anchor(layout: Layout, files: Files, anchor: Anchor) -> None:
    """Put the page on disk."""
    files.write(layout.anchor, anchor_page(anchor).encode())
    files.sync_folder(layout.root)


def _line(key: AnchorKey) -> str:
    # Groups of eight are compared with less error; the unbroken form is for copying.
    groups = " ".join(key.fingerprint[start : start + 8] for start in range(0, 64, 8))
    return f"{key.role} {key.algorithm}\n  {key.fingerprint}\n  {groups}"
