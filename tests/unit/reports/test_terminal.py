"""Text for the shell: complete, within its width, harmless."""

import unicodedata

import pytest

from sec_ops.reports.terminal import render_terminal
from tests.unit.reports.sample import host, sample


def columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [80, 120])
def test_it_keeps_its_width_and_holds_no_escape(language: str, width: int) -> None:
    text = render_terminal(sample(), language, width=width, color="never")
    assert max(map(columns, text.splitlines())) <= width
    assert "\x1b" not in text


def test_the_worst_stands_first_and_names_what_failed() -> None:
    text = render_terminal(sample(), "en", width=120, color="never")
    assert text.index("8.1.4.2-b") < text.index("8.1.4.3-a")
    assert "linux-ssh-root-login" in text
    assert "linux-banner" not in text


def test_what_was_not_seen_is_told() -> None:
    text = render_terminal(sample(), "zh", width=120, color="never")
    assert "web-3" in text
    strange = sample().model_copy(update={"hosts": (host("x", known_platform=False, distribution="[red]unknownos"),)})
    assert "[red]unknownos" in render_terminal(strange, "en", width=120, color="never")


def test_an_interrupted_audit_says_so() -> None:
    text = render_terminal(sample().model_copy(update={"interrupted": True}), "en", width=80, color="never")
    assert "INTERRUPTED" in text
