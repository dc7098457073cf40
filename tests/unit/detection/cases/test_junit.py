"""JUnit of cases: counts that add up, and any text a file can hold."""

from xml.etree.ElementTree import fromstring

from hypothesis import given
from hypothesis import strategies as st

from sec_ops.detection.cases.junit import CaseLine, RuleLines, junit


def test_counts_add_up() -> None:
    rules = [
        RuleLines(path="a.yml", cases=(CaseLine(name="one"), CaseLine(name="two", failure="no"))),
        RuleLines(path="b.yml", cases=(), errors=("broken",)),
    ]
    root = fromstring(junit(rules, "sec-ops"))
    assert (root.attrib["tests"], root.attrib["failures"], root.attrib["errors"]) == ("3", "1", "1")
    first, second = root
    assert (first.attrib["tests"], first.attrib["failures"], second.attrib["errors"]) == ("2", "1", "1")
    failure = first.find("testcase/failure")
    assert failure is not None
    assert failure.attrib["message"] == "no"


@given(st.text(), st.text(min_size=1))
def test_any_text_stays_well_formed(name: str, failure: str) -> None:
    root = fromstring(junit([RuleLines(path=name, cases=(CaseLine(name=name, failure=failure),))], "x"))
    assert len(root.findall("testsuite/testcase")) == 1
