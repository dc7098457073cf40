"""The rule that a person means."""

from pathlib import Path

import pytest

from sec_ops.content.library import Library
from sec_ops.detection.explaining.choosing import chosen_rule, single_rules
from sec_ops.detection.library.loading import RuleLibrary, load_rules
from sec_ops.detection.rule import Correlation
from sec_ops.model.errors import UsageError

ID = "926650aa-1488-4333-90f6-37b9e79454ee"
BROKEN = "title: Broken One\nlogsource: {product: linux}\ndetection: {a: {b|nope: 1}, condition: a}\n"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> RuleLibrary:
    site = tmp_path_factory.mktemp("site")
    folder: Path = site / "rules" / "detection" / "own"
    folder.mkdir(parents=True)
    (folder / "broken.yml").write_text(BROKEN)
    return load_rules(Library.open(site))


@pytest.mark.parametrize(
    "given", [ID, ID.upper(), ID[:8], "linux_account_created", "local account created", "新建 Linux 账户"]
)
def test_ways_to_name_a_rule(library: RuleLibrary, given: str) -> None:
    assert chosen_rule(library, given).header.id == ID


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("Broken One", "is not used"),
        ("account", "no rule has the id or title"),
        ("9266", "no rule has"),
        ("", "no rule has"),
    ],
)
def test_what_is_refused(library: RuleLibrary, given: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        chosen_rule(library, given)


def test_near_titles_are_offered(library: RuleLibrary) -> None:
    with pytest.raises(UsageError) as caught:
        chosen_rule(library, "Account Created")
    assert "Local Account Created" in str(caught.value.advice)


def test_a_correlation_leads_to_its_rules(library: RuleLibrary) -> None:
    guessing = chosen_rule(library, "SSH Password Guessing From One Address")
    assert isinstance(guessing, Correlation)
    assert [rule.header.title["en"] for rule in single_rules(guessing, library)] == ["Failed SSH Login"]
