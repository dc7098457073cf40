"""What `sec-ops detect run --store` refuses before it asks anything of a cluster."""

from pathlib import Path

import pytest

from sec_ops.cli.main import run


@pytest.fixture
def site(tmp_path: Path) -> str:
    assert run(["init", str(tmp_path / "site")]) == 0
    return str(tmp_path / "site")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 2),
        (("--store", "mysql"), 2),
        (("--store", "elastic", "file.json"), 2),
        (("--store", "elastic", "--zone", "UTC"), 2),
        (("--store", "elastic", "--level", "high"), 2),
        (("--store", "elastic", "--no-keep"), 2),
        (("--store", "elastic", "--rules", "own.yml"), 2),
        (("--store", "elastic"), 4),
        (("--store", "elastic", "--since", "7d", "--level", "high", "--no-keep"), 4),
    ],
)
def test_what_cannot_be_asked(site: str, words: tuple[str, ...], code: int) -> None:
    assert run(["--site", site, "detect", "run", *words]) == code
