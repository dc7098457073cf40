"""Shared by all layers: no silent skips, no test that a slow machine fails, no language left over from another test."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from sec_ops.runtime.language import language, use_language

# How long an example takes is the machine's affair: time is measured by benchmarks, never asserted by tests.
settings.register_profile("sec-ops", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sec-ops")

pytest_plugins = ["tests.testbed.fixtures", "tests.elasticsearch.fixtures"]


@pytest.fixture(autouse=True)
def _same_language() -> Iterator[None]:
    """Give the next test the language this one found, whatever a command called in between."""
    code = language()
    yield
    use_language(code)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let authors of log parsers write the expected events anew."""
    parser.addoption(
        "--regenerate", action="store_true", help="write rules/parsers/*/expected/ from what parsers say now"
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Turn skips into a failure where root and apt could have provided what was missing."""
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped and os.environ.get("SEC_OPS_NO_SKIPS") == "1":
        terminalreporter.write_line(f"{len(skipped)} skipped though root and apt are here: a failure", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Set the exit code for the case above."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("SEC_OPS_NO_SKIPS") == "1" and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
