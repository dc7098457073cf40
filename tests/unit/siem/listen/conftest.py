"""Farewells need not be long where both ends are in one process."""

import pytest


@pytest.fixture(autouse=True)
def short_farewells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sec_ops.siem.listen.connection.LINGER_SECONDS", 0.15)
