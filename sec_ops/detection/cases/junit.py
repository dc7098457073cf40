"""What became of cases as JUnit XML, which every build server reads.

Source: https://github.com/testmoapp/junitxml, the elements and attributes that readers agree on.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from sec_ops.model.text import printable

__all__ = ["CaseLine", "RuleLines", "junit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """One case: what it is about, why it failed (empty: it passed)."""

    name: str
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLines:
    """One rule: its path, its cases, what kept them from being read."""

    path: str
    cases: Sequence[CaseLine]
    errors: Sequence[str] = ()


def junit(rules: Iterable[RuleLines], name: str) -> bytes:
    """Return the document: a suite for each rule, a test for each case, an error for each that can't be read."""
    root = Element("testsuites", name=name)
    tests = failures = errors = 0
    for rule in rules:
        suite = SubElement(root, "testsuite", name=_text(rule.path))
        for element in _tests(rule):
            suite.append(element)
        counts = (len(suite), len(suite.findall("*/failure")), len(suite.findall("*/error")))
        _count(suite, *counts)
        tests, failures, errors = (a + b for a, b in zip((tests, failures, errors), counts, strict=True))
    _count(root, tests, failures, errors)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _tests(rule: RuleLines) -> Iterator[Element]:
    for case in rule.cases:
        test = Element("testcase", classname=_text(rule.path), name=_text(case.name))
        if case.failure:
            SubElement(test, "failure", message=_text(case.failure))
        yield test
    for number, error in enumerate(rule.errors, 1):
        test = Element("testcase", classname=_text(rule.path), name=f"#{number}")
        SubElement(test, "error", message=_text(error))
        yield test


def _count(element: Element, tests: int, failures: int, errors: int) -> None:
    element.attrib.update(tests=str(tests), failures=str(failures), errors=str(errors))


def _text(text: str) -> str:
    """Return a text without characters that XML can't hold."""
    return printable(text).replace("\ufffe", "?").replace("\uffff", "?")
