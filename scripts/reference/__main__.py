"""Make `docs/reference/` from the code: `.venv/bin/python scripts/reference [--check]`.

With `--check` nothing is written; stale pages are named and the exit code is 1.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from scripts.reference.pages import WRITTEN, render  # noqa: E402 - the checkout is not an installed package

FOLDER = ROOT / "docs" / "reference"


def main() -> int:
    """Write the pages, or name those that are stale."""
    pages = render()
    stale = [name for name, text in pages.items() if _read(name) != text]
    stale += [path.name for path in sorted(FOLDER.glob("*.md")) if path.name not in {*pages, *WRITTEN}]
    if "--check" in sys.argv[1:]:
        sys.stderr.writelines(f"stale: docs/reference/{name}\n" for name in stale)
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in stale:
        _write(name, pages.get(name))
    return 0


def _read(name: str) -> str:
    path = FOLDER / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _write(name: str, text: str | None) -> None:
    if text is None:
        (FOLDER / name).unlink()
    else:
        (FOLDER / name).write_text(text, encoding="utf-8")
    sys.stderr.write(f"written: docs/reference/{name}\n")


if __name__ == "__main__":
    sys.exit(main())
