"""The report of a drill in each format: complete, the same each time, and harmless whatever anybody said."""

import html
import io
import os
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
import typst

from sec_ops.model.drill_record import ANSWERS, DrillRecord
from sec_ops.model.errors import ProgramMissing, UsageError
from sec_ops.model.text import printable
from sec_ops.reports.drill import FORMATS, drill_paper, drill_report, write_report
from sec_ops.reports.drill.words import drill_words
from sec_ops.reports.paper import Block, Cell, Facts, Heading, Paragraph, SignOff, Table, Timeline
from sec_ops.reports.pdf.render import FONT, render_pdf
from sec_ops.reports.timeline import timeline_svg
from tests.unit.drill.judging.samples import drill, note, system
from tests.unit.reports.drill.sample import HOSTILE, TABLE_TOP, hostile, judgement
from tests.unit.reports.test_html import Page

GOLDEN = Path(__file__).parent / "golden"
ZONE = ZoneInfo("Asia/Shanghai")
TEXT = re.compile(r"<w:t(?: [^>]*)?>([^<]*)</w:t>")
needs_font = pytest.mark.skipif(
    FONT not in typst.Fonts().families() and os.environ.get("SEC_OPS_NO_SKIPS") != "1", reason="fonts-noto-cjk"
)


def made(form: str, language: str = "zh", record: DrillRecord | None = None) -> bytes:
    record = record or hostile()
    return drill_report(record, judgement(record), form, language, ZONE)


def word_xml(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {each.date_time for each in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        for name in archive.namelist():
            if name.endswith((".xml", ".rels")):
                ET.fromstring(archive.read(name))
        return archive.read("word/document.xml").decode()


def _said(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {text}"
        case Paragraph(text, tone):
            return f"[{tone}] {text}"
        case Facts(pairs):
            return "\n".join(f"{name}: {_cell(value)}" for name, value in pairs)
        case Table(columns, rows, empty):
            lines = [" | ".join(each.title for each in columns)]
            return "\n".join(lines + [" | ".join(map(_cell, row)) for row in rows] or [empty])
        case SignOff(titles, lines):
            return "\n".join(" | ".join(row) for row in (titles, *lines))
        case Timeline():
            return block.said
    raise AssertionError(block)


def _cell(cell: Cell) -> str:
    return cell.text.replace("\n", " / ") + ("" if cell.tone == "plain" else f" [{cell.tone}]")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_says_what_it_did(language: str) -> None:
    record = hostile()
    paper = drill_paper(record, judgement(record), language, ZONE)
    text = printable("\n\n".join([paper.title, paper.subtitle, _cell(paper.verdict), *map(_said, paper.blocks)])) + "\n"
    path = GOLDEN / f"drill.{language}.txt"
    if os.environ.get("SEC_OPS_UPDATE_GOLDEN") == "1":
        path.write_text(text)
    assert text == path.read_text()


def test_the_page_looks_as_it_did() -> None:
    text = _without_style(made("html").decode())
    path = GOLDEN / "drill.zh.html"
    if os.environ.get("SEC_OPS_UPDATE_GOLDEN") == "1":
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_word_processor_gets_all_that_the_paper_says(language: str) -> None:
    record = hostile()
    paper = drill_paper(record, judgement(record), language, ZONE)
    shown = "\n".join(html.unescape(each) for each in TEXT.findall(word_xml(made("docx", language))))
    for block in paper.blocks:
        for text in _texts(block):
            for line in printable(text).split("\n"):
                assert line in shown


def _texts(block: Block) -> list[str]:
    match block:
        case Heading(text) | Paragraph(text):
            return [text]
        case Facts(pairs):
            return [text for name, value in pairs for text in (name, value.text)]
        case Table(columns, rows):
            return [each.title for each in columns] + [cell.text for row in rows for cell in row]
        case SignOff(titles, lines):
            return [*titles, *(text for row in lines for text in row)]
        case Timeline(lanes, legend):
            return [*legend, *(text for lane in lanes for text in (lane.name, lane.note))]
    raise AssertionError(block)


def _without_style(page: str) -> str:
    head, rest = page.split("<style>", 1)
    return head + rest.split("</style>", 1)[1]


@pytest.mark.parametrize("form", ["html", pytest.param("pdf", marks=needs_font), "docx"])
def test_one_record_gives_the_same_bytes(form: str) -> None:
    assert made(form) == made(form)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_needs_nothing_and_runs_nothing(language: str) -> None:
    text = made("html", language).decode()
    page = Page(text)
    assert not page.sources
    assert not {"script", "link", "img", "iframe", "object", "foreignobject"} & page.tags
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert "url(" not in text
    assert "svg" in page.tags


def test_hostile_text_is_shown_as_text() -> None:
    page = made("html").decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "{{ 7*7 }}" in page
    document = word_xml(made("docx"))
    shown = "".join(TEXT.findall(document))
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7*7 }} {% raw %} #panic" in shown
    for text in (page, document):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert r"\x1b[31m" in text


@needs_font
def test_a_pdf_takes_hostile_text_as_data() -> None:
    data = made("pdf")
    assert data.startswith(b"%PDF-")
    assert b"/JavaScript" not in data
    assert b"/Launch" not in data
    harmless = made("pdf", record=hostile().model_copy(update={"controller": "#{", "plan_document": '"#read("/x")'}))
    assert harmless.startswith(b"%PDF-")


def test_without_the_font_a_pdf_is_refused_by_its_package() -> None:
    bare = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
    record = drill()
    paper = drill_paper(record, judgement(record), "zh", ZONE)
    with pytest.raises(ProgramMissing) as refused:
        render_pdf(paper, bare)
    assert "fonts-noto-cjk" in str(refused.value.advice)


def test_another_format_is_refused() -> None:
    record = drill()
    with pytest.raises(UsageError) as refused:
        drill_report(record, judgement(record), "odt", "zh", ZONE)
    assert "html, pdf, docx" in str(refused.value.advice)
    with pytest.raises(UsageError):
        write_report(record, judgement(record), Path("report"), "zh", ZONE)


def test_the_file_holds_the_bytes(tmp_path: Path) -> None:
    record = drill()
    path = tmp_path / "report.HTML"
    assert write_report(record, judgement(record), path, "en", ZONE) == path.read_bytes()


@pytest.mark.parametrize("form", ["html", pytest.param("pdf", marks=needs_font), "docx"])
@pytest.mark.parametrize(
    "record",
    [
        drill(**TABLE_TOP, notes=(note("answer", "called the district", step="call"),)),
        drill(notes=(), plan_document="", isolation=None, ended="2026-11-26T08:00:22Z"),
        drill(system(verdict="not_run", begun={}, phases={}, rto_ms=None, sources=(), checks=(), services=())),
        drill(verdict="interrupted", phase="fetch"),
        drill(system(begun={"detect": 0}, phases={"detect": 0}, rto_ms=0, rto_target_ms=0)),
    ],
    ids=["table-top", "bare", "not-run", "interrupted", "nothing-took-time"],
)
def test_every_kind_of_end_has_a_report(form: str, record: DrillRecord) -> None:
    assert form in FORMATS
    assert made(form, record=record)
    assert made(form, "en", record)


def test_languages_do_not_mix() -> None:
    record = hostile()
    assert not re.search("[\u4e00-\u9fff]", made("html", "en", record).decode())
    chinese = made("html", "zh", record).decode()
    for english in ("Recovery time", "Sign-off", "passed", "cannot be told"):
        assert english not in chinese


def test_the_picture_shows_each_phase_once_and_near_targets_only() -> None:
    record = hostile()
    paper = drill_paper(record, judgement(record), "en", ZONE)
    picture = next(each for each in paper.blocks if isinstance(each, Timeline))
    assert [lane.target_ms for lane in picture.lanes] == [25_000, None, None]
    assert [len(lane.bars) for lane in picture.lanes] == [6, 8, 8]
    for lane, each in zip(picture.lanes, record.systems, strict=True):
        assert sum(bar.lasts_ms for bar in lane.bars) == each.rto_ms
        assert lane.bars[-1].begins_ms + lane.bars[-1].lasts_ms <= picture.ends_ms
    root = ET.fromstring(timeline_svg(picture, "sans-serif"))
    assert len(root.findall("{http://www.w3.org/2000/svg}rect")) == 6 + 8 + 8 + len(picture.legend)


def test_a_hostile_name_stays_a_name_in_the_picture() -> None:
    named = system().model_copy(
        update={"name": system().name.model_copy(update={"zh": "\x1b[31m" + HOSTILE, "en": "\x1b[31m" + HOSTILE})}
    )
    record = drill(named)
    page = made("html", "en", record).decode()
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert made("docx", "en", record)


def test_how_a_probe_ended_is_said_in_the_reader_s_language_and_the_system_s_words_stay() -> None:
    words = drill_words("zh", ZONE)
    assert all(not words.answer(each).isascii() for each in ANSWERS)
    assert words.answer("ENETUNREACH (Network is unreachable)") == "ENETUNREACH (Network is unreachable)"
