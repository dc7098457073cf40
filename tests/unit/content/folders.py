"""Small shipped and site layers written for a test."""

from pathlib import Path

CHECK = """\
id: {id}
title: {{zh: 标题, en: Title}}
decides: []
platform: linux
probe: {probe}
assert: "true"
parameters:
  days: {{default: {days}, title: {{zh: 天数, en: days}}}}
rationale: {{zh: 原因, en: why}}
rectify: {{text: {{zh: 整改, en: mend}}}}
"""
INLINE = "[{id: things, run: cat /etc/things}]"


def write(root: Path, path: str, text: str) -> Path:
    """Write a file below a layer's root."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def write_check(root: Path, name: str, *, days: int = 90, probe: str = "[things]", more: str = "") -> Path:
    """Write a whole check."""
    text = CHECK.format(id=name, days=days, probe=probe) + more
    return write(root, f"rules/graded_protection/checks/linux/{name}.yml", text)


def write_patch(root: Path, name: str, body: str) -> Path:
    """Write a patch of a check."""
    return write(root, f"rules/graded_protection/checks/linux/{name}.yml", f"patches: {name}\n{body}")
