"""A new site's configuration reads as it was meant, whatever its folder is called."""

from pathlib import Path

import pytest

from sec_ops.runtime.configuration import configuration_text, load_configuration
from sec_ops.runtime.site import Site


@pytest.mark.parametrize("name", ["school", "098878", "2026-11-26", "on", "NO", "1e3", "null", "0x1f", "学校", "a b!"])
def test_the_folder_s_name_is_text(name: str, tmp_path: Path) -> None:
    site = Site(tmp_path / name)
    site.root.mkdir()
    site.configuration.write_text(configuration_text(site.root, lambda length: b"\0" * length))
    read = load_configuration(site)
    assert read.id == read.name.zh
    assert read.origin == f"sec-ops/{read.id}-00000000"
