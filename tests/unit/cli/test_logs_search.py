"""`sec-ops logs search` as a person and as a program call it, over a real store."""

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sec_ops.cli.logs._asked import request_of
from sec_ops.cli.logs._store import fields_of, open_store
from sec_ops.cli.main import run
from sec_ops.runtime.site import Site
from sec_ops.siem.events import Event, FieldType, FieldTypes, Row
from sec_ops.siem.records import Place
from sec_ops.siem.storing import Commit


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


EVENTS: list[Event] = [
    {"@timestamp": at("2026-11-24T16:30Z"), "user.name": "root", "message": "Failed password", "source.port": 22},
    {"@timestamp": at("2026-11-25T15:30Z"), "user.name": "张三", "message": "用户登录失败", "source.port": 23},
    {"@timestamp": at("2026-11-25T16:30Z"), "user.name": "=1+1", "message": "\x1b[31mred\nline"},
    {"@timestamp": at("2026-11-26T01:00Z"), "user.name": ["a", "b"], "message": "long " * 100},
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("search") / "site"
    assert run(["init", str(root)]) == 0
    place = Place("1", 1)
    own: Event = {"event.dataset": "sshd", "event.ingested": at("2026-11-26T02:00Z"), "host.name": "web-1"}
    rows = [
        Row({**own, **event, "sec_ops.record": place.record(index)}, place, index) for index, event in enumerate(EVENTS)
    ]
    with open_store(Site(root), fields_of(Site(root))) as store:
        store.append(rows, Commit(stream="1", sequence=1))
    return root


Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(site: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    def asked(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["--site", str(site), "logs", "search", *words])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return asked


def document(ask: Ask, *words: str) -> Any:
    code, out, _ = ask(*words, "--json")
    assert code == 0
    return json.loads(out)


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ([""], 4),
        (["登录"], 1),
        (["failed user.name:ROOT"], 1),
        (["user.name:nobody"], 0),
        (["", "--since", "2026-11-26"], 2),
        (["", "--until", "2026-11-25"], 2),
        (["", "--since", "2026-11-25T16:30:00Z"], 2),
        (["", "--since", "2026-11-26T00:30", "--until", "2026-11-26T00:30"], 1),
        (["@timestamp:2026-11-25"], 2),
        (["source.port:[22 TO *]", "--since", "99999d"], 2),
    ],
)
def test_count(ask: Ask, words: list[str], count: int) -> None:
    assert document(ask, *words, "--count")["count"] == count
    assert ask(*words, "--count")[1] == f"{count}\n"


def test_table_is_for_people(ask: Ask) -> None:
    code, out, err = ask()
    lines = out.splitlines()
    assert code == 0
    assert lines[0].split() == ["@timestamp", "host.name", "event.dataset", "user.name", "message"]
    assert [line[:23] for line in lines[1:]] == [
        "2026-11-26 09:00:00.000",
        "2026-11-26 00:30:00.000",
        "2026-11-25 23:30:00.000",
        "2026-11-25 00:30:00.000",
    ]
    assert "a | b" in lines[1]
    assert lines[1].endswith("…")
    assert "cut off" in err
    assert r"\x1b[31mred line" in lines[2]
    assert "\x1b" not in out


def test_wide_characters_keep_the_columns(ask: Ask) -> None:
    from rich.cells import cell_len

    lines = ask("--fields", "user.name,message", "--ascending")[1].splitlines()
    starts = {
        cell_len(line[: line.index(text)]) for line, text in zip(lines[:3], ["message", "Failed", "用户"], strict=True)
    }
    assert len(starts) == 1


def test_limit_says_that_there_is_more(ask: Ask) -> None:
    assert "--limit" in ask("--limit", "3")[2]
    assert "--limit" not in ask("--limit", "4")[2]
    assert "--limit" not in ask("--limit", "0")[2]
    assert len(document(ask, "--limit", "1", "--ascending")["events"]) == 1


def test_nothing_found_is_no_fault(ask: Ask) -> None:
    code, out, err = ask("user.name:nobody")
    assert (code, out) == (0, "")
    assert "no event" in err


def test_named_columns_stay_though_they_are_empty(ask: Ask) -> None:
    lines = ask("--fields", "user.name,nowhere", "--ascending")[1].splitlines()
    assert lines[0].split() == ["user.name", "nowhere"]
    assert lines[1] == "root"
    assert "sec_ops.record" in ask("--fields", "all")[1].splitlines()[0]


def test_misspelt_fields_are_doubted(ask: Ask) -> None:
    for words in (
        ["--top", "user.nmae"],
        ["user.nmae:root"],
        ["user.nmae:root", "--count"],
        ["user.nmae:root", "--histogram", "auto"],
    ):
        code, _, err = ask(*words)
        assert code == 0
        assert "did you mean user.name?" in err
    assert "did you mean" not in ask("NOT user.nmae:root")[2]
    assert ask("misfit.source.port:*", "--count")[2] == ""


def test_csv_is_harmless_in_a_spreadsheet(ask: Ask) -> None:
    out = ask("--format", "csv", "--fields", "@timestamp,user.name,source.port,message", "--ascending")[1]
    head, *rows = csv.reader(out.splitlines())
    assert head == ["'@timestamp", "user.name", "source.port", "message"]
    assert rows[0] == ["2026-11-25 00:30:00.000", "root", "22", "Failed password"]
    assert rows[2][1] == "'=1+1"
    assert "\x1b" not in out
    assert ask("--format", "csv", "--fields", "all")[0] == 2


def test_json_lines_hold_every_field(ask: Ask) -> None:
    events = [json.loads(line) for line in ask("--format", "json", "--ascending")[1].splitlines()]
    assert events[0]["@timestamp"] == "2026-11-24T16:30:00.000000Z"
    assert events[0]["source.port"] == 22
    assert events[3]["user.name"] == ["a", "b"]
    assert events[0].keys() > {"sec_ops.record", "event.ingested", "host.name"}
    lines = [json.loads(line) for line in ask("登录", "--jsonl", "--fields", "user.name")[1].splitlines()]
    assert [line["message_type"] for line in lines] == ["event", "document"]
    assert lines[0]["event"] == {"user.name": "张三"}
    assert lines[1]["shown"] == 1


def test_histogram_has_the_days_of_the_site(ask: Ask) -> None:
    body = document(ask, "--histogram", "1d")
    assert body["buckets"] == [
        {"begin": "2026-11-24T16:00:00.000000Z", "count": 2},
        {"begin": "2026-11-25T16:00:00.000000Z", "count": 2},
    ]
    assert (body["count"], body["interval_ms"], body["zone"]) == (4, 86_400_000, "Asia/Shanghai")
    text = ask("--histogram", "auto")[1].splitlines()
    assert text[0].split() == ["from", "events"]
    assert text[1] == f"2026-11-25 00:00       1  {'#' * 40}"
    assert text[2] == "2026-11-25 03:00       0"
    assert text[-1] == "4 events, by 3h, Asia/Shanghai"
    assert document(ask, "user.name:nobody", "--histogram", "auto")["buckets"] == []
    code, _, err = ask("--histogram", "1s")
    assert code == 2
    assert "auto" in err


def test_top_counts_values(ask: Ask) -> None:
    values = document(ask, "--top", "user.name")["values"]
    assert {each["value"]: each["count"] for each in values} == dict.fromkeys(["root", "张三", "=1+1", "a", "b"], 1)
    assert len(document(ask, "--top", "user.name", "--limit", "2")["values"]) == 2
    assert document(ask, "--top", "source.port", "source.port:22")["values"] == [{"value": 22, "count": 1}]
    assert document(ask, "--top", "event.ingested")["values"] == [{"value": "2026-11-26T02:00:00.000000Z", "count": 4}]


def test_faults_are_pointed_at(ask: Ask) -> None:
    code, out, err = ask("登录 source.port:x /a/", "--json")
    assert code == 2
    error = json.loads(out)["error"]
    assert [fault["position"] for fault in error["faults"]] == [16, 18]
    lines = err.splitlines()
    assert lines[0] == "  登录 source.port:x /a/"
    assert lines[1] == f"  {' ' * 17}^"
    code, _, err = ask("登录 source.port:x source.ip:y")
    assert err.count("^") == 2


def test_times_of_the_query_narrow_what_is_opened() -> None:
    types = FieldTypes({"@timestamp": FieldType.DATE})
    text = "@timestamp:[2026-11-20 TO 2026-11-21] AND @timestamp:>2026-11-20 AND root"
    asked = request_of(text, ("", ""), types, UTC, 0)
    assert (asked.since_us, asked.until_us) == (at("2026-11-21T00:00Z"), at("2026-11-22T00:00Z"))
    asked = request_of("@timestamp:2026-11-20 OR root", ("2026-11-01", ""), types, UTC, 0)
    assert (asked.since_us, asked.until_us) == (at("2026-11-01T00:00Z"), None)


@pytest.mark.parametrize(
    "words",
    [
        ["--since", "yesterday"],
        ["--until", "26.11.2026"],
        ["--since", "2026-11-27", "--until", "2026-11-26"],
        ["--count", "--top", "user.name"],
        ["--histogram", "1y"],
    ],
)
def test_what_cannot_be_asked(ask: Ask, words: list[str]) -> None:
    assert ask(*words)[0] == 2


@pytest.mark.parametrize("form", [["--format", "csv"], ["--format", "json"], ["--json"], ["--jsonl"], []])
def test_every_form_tells_that_there_is_more(ask: Ask, form: list[str]) -> None:
    code, _out, error = ask("*", "--limit", "3", *form)
    assert (code, "3" in error and "--limit" in error) == (0, True)
    assert "--limit" not in ask("*", "--limit", "4", *form)[2]


def test_a_limit_beyond_every_number_is_refused(ask: Ask) -> None:
    assert ask("*", "--limit", "9" * 20)[0] == 2


def test_counts_as_csv_and_json_lines(ask: Ask) -> None:
    _code, out, _error = ask("*", "--top", "user.name", "--format", "csv")
    assert list(csv.reader(out.splitlines()))[:2] == [["user.name", "count"], ["'=1+1", "1"]]
    _code, out, _error = ask("*", "--histogram", "1d", "--format", "json")
    first, *others = map(json.loads, out.splitlines())
    assert first == {"@timestamp": "2026-11-24T16:00:00.000000Z", "count": 2}
    assert [each["count"] for each in others] == [2]
