"""Build hook: compiles the message catalogues; every room's `.po` becomes one `.mo` a language."""

import sys
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent.parent


class CatalogueBuildHook(BuildHookInterface[Any]):
    """Makes what the wheel and an editable checkout need and the repository does not hold."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the interface's names
        """Compile the catalogues before files are collected."""
        compile_catalogues(Path(self.root) / "sec_ops" / "locale")


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
    sys.exit(0)
