"""The page: complete, self-contained, and harmless whatever a host said."""

import re
from html.parser import HTMLParser

import pytest

from sec_ops.model.verdict import Verdict
from sec_ops.reports import view
from sec_ops.reports.html import render_html
from tests.unit.reports.sample import sample


class Page(HTMLParser):
    """Collects what matters: ids, links, tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.sources: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.add(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if name == "href" and value]
        self.sources += [str(values[name]) for name in ("src", "srcset", "data") if name in values]
        assert not [name for name in values if name.startswith("on")]


@pytest.fixture(params=["zh", "en"])
def page(request: pytest.FixtureRequest) -> str:
    return render_html(sample(), request.param).decode()


def test_it_needs_nothing_from_outside(page: str) -> None:
    parsed = Page(page)
    assert not parsed.sources
    assert not {"script", "link", "img", "iframe", "object"} & parsed.tags
    assert all(link.startswith("#") for link in parsed.links)
    assert "url(" not in page
    assert "@import" not in page


def test_every_link_has_its_target(page: str) -> None:
    parsed = Page(page)
    assert {link[1:] for link in parsed.links} <= set(parsed.ids)
    assert len(parsed.ids) == len(set(parsed.ids))


def test_text_from_hosts_is_harmless(page: str) -> None:
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert r"\x1b[31m" in page


def test_every_clause_host_and_finding_is_there(page: str) -> None:
    result = sample()
    for clause in result.clauses:
        assert f'id="c-student-records-{clause.id}"' in page
    for host in result.hosts:
        assert f'id="h-{host.name}"' in page
    assert page.count("linux-ssh-root-login") >= 2


def test_the_gaps_stand_worst_first(page: str) -> None:
    table = page.split('id="gaps"')[1].split("</section>", maxsplit=1)[0]
    assert re.findall(r"#c-student-records-([\d.]+-\w)", table) == ["8.1.4.2-b", "8.1.4.3-a"]


def test_languages_do_not_mix() -> None:
    chinese, english = (render_html(sample(), language).decode() for language in ("zh", "en"))
    assert "不符合" in chinese
    assert "English" not in chinese
    assert not re.search("[\u4e00-\u9fff]", english)


def test_totals_count_every_clause_once() -> None:
    totals = view.totals(sample().clauses)
    assert totals == dict.fromkeys(Verdict, 1)


def test_equal_outputs_stand_once() -> None:
    evidence = view.evidence_of(sample().findings)
    assert [each.hosts for each in evidence.values()] == [("web-1",), ("web-2",)]
