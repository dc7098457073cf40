"""Shared by all layers: nothing may be skipped silently where nothing has an excuse."""

import os

import pytest

pytest_plugins = ["tests.testbed.fixtures", "tests.elasticsearch.fixtures"]


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
