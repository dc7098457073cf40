"""The cache gives back what was read, or nothing."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from sec_ops.detection.sigma import cache, reading
from sec_ops.detection.sigma.cache import FILE, read_rules
from sec_ops.detection.sigma.reading import RuleSet, RuleText

HEAD = "logsource: {product: p, service: s}\n"
RULES = """
title: Every kind of test
id: 11111111-1111-4111-8111-111111111111
name: every
falsepositives: [a, b]
sec_ops: {title: {zh: 每种}, falsepositives: {zh: [误报]}, alert: {by: [x], span: 2d}}
logsource: {category: c}
fields: [f]
detection:
  s:
    text: ['a*b?c', '', '\\*']
    cased|cased|contains: A
    re|re|i: '^a'
    net|cidr: 10.0.0.0/8
    number: [1, 1.5, 123456789012345678901234567890]
    truth: [true, false]
    gt|gt: 123456789012345678901234567890
    lt|lte: 1.5
    gone: null
    there|exists: false
    ref|fieldref|endswith: other
    time|hour: [1, 2]
    later|hour|gte: 8
  keywords: [word, 5]
  condition: [s and not keywords, all of them or not (s or keywords)]
"""
COUNT = """
title: Many
name: many
id: 22222222-2222-4222-8222-222222222222
correlation:
  type: value_percentile
  rules: every
  group-by: [u]
  aliases: {u: {every: user}}
  timespan: 5m
  condition: {gt: 1.5, field: size, percentile: 95}
  generate: true
"""
WORDS = """
title: In words
correlation: {type: temporal, timespan: 5m, condition: every and not many}
"""
BROKEN = "title: x\nlogsource: {}\ndetection: {s: {a|nonsense: b}, condition: t}"
TEXTS = [RuleText(path=f"{n}.yml", data=text.encode()) for n, text in enumerate((RULES, COUNT, WORDS, BROKEN))]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count how often the texts are really read."""
    counted: list[int] = []
    whole = reading.read_rules

    def read(texts: tuple[RuleText, ...], placeholders: dict[str, list[str | int]]) -> RuleSet:
        counted.append(len(texts))
        return whole(texts, placeholders)

    monkeypatch.setattr(reading, "read_rules", read)
    return counted


def test_what_was_read_comes_back_whole(tmp_path: Path, reads: list[int]) -> None:
    first = read_rules(TEXTS, {}, tmp_path / "new" / "folder")
    again = read_rules(TEXTS, {}, tmp_path / "new" / "folder")
    assert len(reads) == 1
    assert again == first
    assert (len(again.rules), len(again.correlations), len(again.refused)) == (1, 2, 1)
    assert str(again.refused[0].reason) == str(first.refused[0].reason)
    assert repr(again.rules) == repr(first.rules)
    assert repr(again.correlations) == repr(first.correlations)


def test_other_texts_placeholders_and_readers_are_read(
    tmp_path: Path, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    read_rules(TEXTS, {}, tmp_path)
    read_rules(TEXTS[:2], {}, tmp_path)
    read_rules(TEXTS[:2], {"a": ["b"]}, tmp_path)
    read_rules([TEXTS[0], RuleText(path="elsewhere.yml", data=TEXTS[1].data)], {"a": ["b"]}, tmp_path)
    monkeypatch.setattr(cache, "_reader", lambda: "another")
    read_rules([TEXTS[0], RuleText(path="elsewhere.yml", data=TEXTS[1].data)], {"a": ["b"]}, tmp_path)
    read_rules([RuleText(path=each.path, data=each.data, layer="imported") for each in TEXTS], {}, tmp_path)
    assert len(reads) == 6
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("library", ["pysigma", "regex", "google-re2"])
@pytest.mark.parametrize("release", ["0.0.1", None])
def test_another_release_of_what_reads_and_searches_is_another_reader(
    tmp_path: Path, reads: list[int], monkeypatch: pytest.MonkeyPatch, library: str, release: str | None
) -> None:
    """An expression that one release takes, another may refuse: the rule must not come back from the cache then."""

    def changed(name: str) -> str:
        if name != library:
            return version(name)
        if release is None:
            raise PackageNotFoundError
        return release

    monkeypatch.setattr(cache, "_reader", cache._reader.__wrapped__)
    read_rules(TEXTS, {}, tmp_path)
    monkeypatch.setattr(cache, "version", changed)
    read_rules(TEXTS, {}, tmp_path)
    assert len(reads) == 2


@pytest.mark.parametrize("place", [0, 70, 140, 1000, -1])
def test_a_damaged_file_is_read_and_written_anew(tmp_path: Path, reads: list[int], place: int) -> None:
    whole = read_rules(TEXTS, {}, tmp_path)
    data = bytearray((tmp_path / FILE).read_bytes())
    sound = bytes(data)
    data[place] ^= 1
    (tmp_path / FILE).write_bytes(data)
    assert read_rules(TEXTS, {}, tmp_path) == whole
    assert len(reads) == 2
    assert (tmp_path / FILE).read_bytes() == sound


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"tests": [[1]], "rules": []}', b'{"tests": [], "rules": [[0]]}']
)
def test_a_foreign_file_is_read_anew(tmp_path: Path, reads: list[int], body: bytes) -> None:
    whole = read_rules(TEXTS, {}, tmp_path)
    key = (tmp_path / FILE).read_bytes()[:64]
    (tmp_path / FILE).write_bytes(key + cache._sha256(body).encode() + body)
    assert read_rules(TEXTS, {}, tmp_path) == whole
    assert len(reads) == 2


def test_a_folder_that_takes_nothing_is_no_fault(tmp_path: Path, reads: list[int]) -> None:
    (tmp_path / "file").write_text("no folder")
    assert read_rules(TEXTS, {}, tmp_path / "file") == read_rules(TEXTS, {}, None)
    assert len(reads) == 2
