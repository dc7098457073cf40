"""Rules in a few lines, for tests."""

from textwrap import dedent

from sec_ops.detection.rule import Correlation, Rule
from sec_ops.detection.sigma.reading import Placeholders, RuleSet, RuleText, read_rules

HEAD = "title: A rule\nlogsource: {product: test}\n"


def read(*texts: str | bytes, placeholders: Placeholders | None = None) -> RuleSet:
    """Read texts that lie at `1.yml`, `2.yml`, …"""
    data = [dedent(text).encode() if isinstance(text, str) else text for text in texts]
    files = [RuleText(path=f"{number}.yml", data=each) for number, each in enumerate(data, start=1)]
    return read_rules(files, placeholders or {})


def rule(detection: str, placeholders: Placeholders | None = None) -> Rule:
    """Return the rule with this detection, as it stands below `detection:`."""
    body = "\n".join(f"  {line}" for line in dedent(detection).strip().splitlines())
    found = read(f"{HEAD}detection:\n{body}\n", placeholders=placeholders)
    assert not found.refused, found.refused
    return found.rules[0]


def correlation(*texts: str) -> Correlation:
    """Return the one correlation of the texts."""
    found = read(*texts)
    assert not found.refused, found.refused
    return found.correlations[0]


def reasons(found: RuleSet) -> list[str]:
    return [str(each.reason) for each in found.refused]
