"""Build hook: compiles the message catalogues (every room's `.po` becomes one `.mo` a language), places content.

Content goes into the wheel below `sec_ops/_content/`, its digests into `sec_ops/_content.json`. Where there is a Rust
compiler, a library is compiled too; a wheel with it is for one kind of machine, but for every Python.
"""

import json
import sys
import sysconfig
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from scripts.native import build  # noqa: E402 - found by the path above
from sec_ops.content.shipped import CONTENT_FOLDERS, content_digests  # noqa: E402 - the package being built, its standard-library part


class CatalogueBuildHook(BuildHookInterface[Any]):
    """Makes what the wheel and an editable checkout need and the repository does not hold."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the catalogues before files are collected; a wheel gets the content and its digests."""
        root = Path(self.root)
        compile_catalogues(root / "sec_ops" / "locale")
        built = build()
        if self.target_name != "wheel" or version == "editable":
            return
        if built:
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
        digests = json.dumps(content_digests(root), indent=0, sort_keys=True)
        (root / "sec_ops" / "_content.json").write_text(digests + "\n", encoding="utf-8")
        for folder in CONTENT_FOLDERS:
            if (root / folder).is_dir():
                build_data["force_include"][str(root / folder)] = f"sec_ops/_content/{folder}"


def compile_catalogues(locale: Path) -> None:
    """Merge `<language>/*.po` into `<language>/LC_MESSAGES/sec_ops.mo`; the same id may stand in several rooms."""
    for folder in sorted(path for path in locale.iterdir() if path.is_dir()):
        merged = Catalog(locale=folder.name, domain="sec_ops", charset="utf-8")
        for source in sorted(folder.glob("*.po")):
            with source.open("rb") as stream:
                for entry in read_po(stream, locale=folder.name):
                    if entry.id and entry.string:
                        merged.add(entry.id, entry.string, flags=entry.flags)
        target = folder / "LC_MESSAGES" / "sec_ops.mo"
        target.parent.mkdir(exist_ok=True)
        with target.open("wb") as stream:
            write_mo(stream, merged)


if __name__ == "__main__":
    compile_catalogues(ROOT / "sec_ops" / "locale")
    if not build():
        print("no rustc: detection and imports read lines with Python alone (apt-get install rustc)", file=sys.stderr)
    sys.exit(0)
