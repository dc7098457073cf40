"""An open database of detection."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sec_ops.detection.database import Database, open_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "detection" / "detection.db")
    yield opened
    opened.close()
