"""An embedded store in a folder of its own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sec_ops.siem.embedded.store import EmbeddedStore
from tests.contract.event_stores import TYPES, FixedClock


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    opened = EmbeddedStore(tmp_path / "logs", types=TYPES, clock=FixedClock(), randomness=os.urandom)
    yield opened
    opened.close()
