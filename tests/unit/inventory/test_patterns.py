"""Host patterns: a table, and the laws of sets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.inventory.patterns import select
from sec_ops.model.errors import UsageError

HOSTS = ("web-1", "web-2", "db-1", "db-2", "2001:db8::5")
GROUPS = {"all": HOSTS, "web": ("web-1", "web-2"), "site_b": ("db-2", "web-2"), "empty": ()}

TABLE = [
    ("web-1", "web-1"),
    ("web", "web-1 web-2"),
    ("all", "web-1 web-2 db-1 db-2 2001:db8::5"),
    ("*", "web-1 web-2 db-1 db-2 2001:db8::5"),
    ("db-*", "db-1 db-2"),
    ("w*:db-1", "web-1 web-2 db-1"),
    ("db-2,web-1", "web-1 db-2"),
    ("db-2, web-1", "web-1 db-2"),
    ("web:!web-2", "web-1"),
    ("!web-2:web", "web-1"),
    ("!web", "db-1 db-2 2001:db8::5"),
    ("web:&site_b", "web-2"),
    ("web:db-*:&site_b:!db-2", "web-2"),
    ("2001:db8::5", "2001:db8::5"),
    ("web-[12]", "web-1 web-2"),
    ("site_?", "web-2 db-2"),
    ("empty", ""),
]


@pytest.mark.parametrize(("pattern", "names"), TABLE)
def test_table(pattern: str, names: str) -> None:
    assert " ".join(select(pattern, HOSTS, GROUPS)) == names


@pytest.mark.parametrize("pattern", ["", ":", "!", "web-3", "web:!web-3", "x*"])
def test_a_term_that_names_nothing_is_told(pattern: str) -> None:
    with pytest.raises(UsageError):
        select(pattern, HOSTS, GROUPS)


def test_the_nearest_name_is_offered() -> None:
    with pytest.raises(UsageError) as caught:
        select("wep-1", HOSTS, GROUPS)
    assert str(caught.value.advice) == "did you mean web-1?"


TERMS = st.sampled_from(["web", "db-1", "db-2", "site_b", "w*", "all"])


@given(st.lists(TERMS, min_size=1, max_size=4), st.lists(TERMS, max_size=3), st.lists(TERMS, max_size=3), st.randoms())
def test_set_laws(union: list[str], both: list[str], without: list[str], random: object) -> None:
    terms = [*union, *(f"&{term}" for term in both), *(f"!{term}" for term in without)]
    expected = set[str]().union(*(select(term, HOSTS, GROUPS) for term in union))
    for term in both:
        expected &= set(select(term, HOSTS, GROUPS))
    for term in without:
        expected -= set(select(term, HOSTS, GROUPS))
    random.shuffle(terms)  # type: ignore[attr-defined]
    found = select(":".join(terms), HOSTS, GROUPS)
    assert set(found) == expected
    assert list(found) == [name for name in HOSTS if name in expected]
