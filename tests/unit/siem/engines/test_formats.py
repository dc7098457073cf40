"""CEF, LEEF, W3C, delimited values and pairs: tables of texts and what they say."""

from typing import Any

import pytest

from sec_ops.siem.engines import cef, delimited, key_value, leef, w3c

CEF = cef.compile_engine({})
LEEF = leef.compile_engine({})
W3C = w3c.compile_engine({"plus": ["cs(User-Agent)"]})
HEADING = "#Fields: date time c-ip cs-method cs-uri-stem cs(User-Agent) sc-status"


@pytest.mark.parametrize(
    ("extension", "wanted"),
    [
        ("src=192.0.2.1 dst=198.51.100.2 spt=1232", {"src": "192.0.2.1", "dst": "198.51.100.2", "spt": "1232"}),
        ("msg=blocked a trojan act=deny", {"msg": "blocked a trojan", "act": "deny"}),
        (
            r"msg=a\=b \\ c\nd request=http://example.org/?a\=1",
            {"msg": "a=b \\ c\nd", "request": "http://example.org/?a=1"},
        ),
        (r"filePath=C:\temp\new.txt act=read", {"filePath": "C:\\temp\new.txt", "act": "read"}),
        ("cs1Label=策略 cs1=默认 拒绝", {"cs1Label": "策略", "cs1": "默认 拒绝"}),
        ("a=1 a=2 a=3", {"a": ["1", "2", "3"]}),
        ("free text before k=v", {"text": "free text before", "k": "v"}),
        ("empty= k=v", {"k": "v"}),
        ("", {}),
    ],
)
def test_cef_extension(extension: str, wanted: dict[str, Any]) -> None:
    found = CEF(f"CEF:0|Vendor|Product|1.0|100|名称|5|{extension}")
    assert found == {
        "header": {
            "format": "0",
            "vendor": "Vendor",
            "product": "Product",
            "version": "1.0",
            "signature": "100",
            "name": "名称",
            "severity": "5",
        },
        "extension": wanted,
    }


def test_cef_header_is_unescaped_and_found_behind_syslog() -> None:
    found = CEF(r"<134>Nov 26 08:00:00 fw CEF: 1|Ven\|dor|P\\q|1|2|n|High|act=x")
    assert found is not None
    assert found["header"]["vendor"] == "Ven|dor"
    assert found["header"]["product"] == "P\\q"


@pytest.mark.parametrize("text", ["", "CEF:", "CEF:0|a|b|c", "XCEF:0|a|b|c|d|e|f|", "CEF:x|a|b|c|d|e|f|g=h"])
def test_what_is_no_cef(text: str) -> None:
    assert CEF(text) is None


def test_cef_may_end_with_its_severity() -> None:
    found = CEF("CEF:0|a|b|c|d|e|3")
    assert found is not None
    assert (found["header"]["severity"], found["extension"]) == ("3", {})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "LEEF:1.0|V|P|1|e|src=192.0.2.1\tdst=198.51.100.2\tmsg=a b",
            {"src": "192.0.2.1", "dst": "198.51.100.2", "msg": "a b"},
        ),
        ("LEEF:2.0|V|P|1|e|^|src=192.0.2.1^msg=a=b", {"src": "192.0.2.1", "msg": "a=b"}),
        ("LEEF:2.0|V|P|1|e|x5E|src=192.0.2.1^k=v", {"src": "192.0.2.1", "k": "v"}),
        ("LEEF:2.0|V|P|1|e|0x7C|src=192.0.2.1|k=v", {"src": "192.0.2.1", "k": "v"}),
        ("LEEF:2.0|V|P|1|e|||src=192.0.2.1|k=v", {"src": "192.0.2.1", "k": "v"}),
        ("LEEF:2.0|V|P|1|e|src=192.0.2.1\tk=v|w", {"src": "192.0.2.1", "k": "v|w"}),
        ("LEEF:1.0|V|P|1|e|k=one\ttwo\tk=three", {"k": ["one\ttwo", "three"]}),
        ("LEEF:1.0|V|P|1|e|", {}),
        ("LEEF:1.0|V|P|1|e", {}),
    ],
)
def test_leef_attributes(text: str, wanted: dict[str, Any]) -> None:
    found = LEEF(text)
    assert found is not None
    assert found["attribute"] == wanted
    assert {name: found["header"][name] for name in ("vendor", "product", "version", "event")} == {
        "vendor": "V",
        "product": "P",
        "version": "1",
        "event": "e",
    }


@pytest.mark.parametrize("text", ["", "LEEF:1.0|a|b", "LEEF:3.0|a|b|c|d|", "xLEEF:1.0|a|b|c|d|e=f"])
def test_what_is_no_leef(text: str) -> None:
    assert LEEF(text) is None


def test_w3c_reads_by_the_heading() -> None:
    line = "2026-11-26 00:00:01 192.0.2.9 GET /教务/ Mozilla/5.0+(Windows) 200"
    assert W3C(f"{HEADING}\n{line}") == {
        "c-ip": "192.0.2.9",
        "cs-method": "GET",
        "cs-uri-stem": "/教务/",
        "cs-uri": "/教务/",
        "cs(User-Agent)": "Mozilla/5.0 (Windows)",
        "sc-status": "200",
        "timestamp": "2026-11-26 00:00:01",
    }


@pytest.mark.parametrize(
    ("heading", "line", "wanted"),
    [
        ("#Fields: a b", "1 -", {"a": "1"}),
        ("#Fields: a b", '"x ""y"" z" 2', {"a": 'x "y" z', "b": "2"}),
        ("#Fields: a b", "1", None),
        ("#Fields: a b", "1 2 3", None),
        ("#Software: IIS", "1 2", None),
        ("#Fields:", "", None),
    ],
)
def test_w3c_lines(heading: str, line: str, wanted: dict[str, str] | None) -> None:
    assert W3C(f"{heading}\n{line}") == wanted


def test_w3c_without_a_heading_is_not_understood() -> None:
    assert W3C("2026-11-26 00:00:01 192.0.2.9 GET / - 200") is None


@pytest.mark.parametrize(
    ("options", "text", "wanted"),
    [
        ({"columns": ["a", "b"]}, '1,"x,y"', {"a": "1", "b": "x,y"}),
        ({"columns": ["a", "b"]}, '1,"x\ny ""z"""', {"a": "1", "b": 'x\ny "z"'}),
        ({"columns": ["a", "b"]}, "1,2,3,", {"a": "1", "b": "2", "column_3": "3"}),
        ({"columns": ["a", "b"]}, "1, ", {"a": "1"}),
        ({"columns": ["a", "b"]}, "only", None),
        ({"columns": ["a"], "at_least": 1}, "only", {"a": "only"}),
        ({"delimiter": "|", "quote": "'"}, "时间|源IP\n'1|2'|192.0.2.1", {"时间": "1|2", "源IP": "192.0.2.1"}),
        ({"delimiter": "tab"}, "\ufeffa\ta\n1\t2", {"a": "1", "column_2": "2"}),
        ({}, "a,b", None),
        ({}, 'a,b\n1,"open', {"a": "1", "b": "open"}),
    ],
)
def test_delimited(options: dict[str, Any], text: str, wanted: dict[str, str] | None) -> None:
    assert delimited.compile_engine(options)(text) == wanted


@pytest.mark.parametrize(
    ("options", "text", "wanted"),
    [
        ({}, 'a=1 b="two words" c=', {"a": "1", "b": "two words"}),
        ({}, r'msg="it said \"no\"" n=2', {"msg": 'it said "no"', "n": "2"}),
        ({}, "fw01 kernel: a=1 b=two words c=3", {"head": "fw01 kernel:", "a": "1", "b": "two words", "c": "3"}),
        ({}, 'a="x" tail b=1', {"a": "x", "text": "tail", "b": "1"}),
        ({}, "a=1 a=2 url=http://example.org/?q=1&r=2", {"a": ["1", "2"], "url": "http://example.org/?q=1&r=2"}),
        ({}, 'a="never closed b=2', {"a": '"never closed', "b": "2"}),
        ({"separator": ";"}, "a=1;b=x y;c=3", {"a": "1", "b": "x y", "c": "3"}),
        ({"separator": ";", "assign": ":"}, "源IP:192.0.2.1;动作:拒绝", {"源IP": "192.0.2.1", "动作": "拒绝"}),
        ({}, "a=1,b=2, c=3", {"a": "1", "b": "2", "c": "3"}),
        ({"required": ["srcip"]}, "a=1", None),
        ({}, "no pairs at all", None),
        ({}, "", None),
    ],
)
def test_pairs(options: dict[str, Any], text: str, wanted: dict[str, Any] | None) -> None:
    assert key_value.compile_engine(options)(text) == wanted


@pytest.mark.parametrize(
    ("compile_engine", "options", "reason"),
    [
        (w3c.compile_engine, {"separator": "ab"}, "separator"),
        (w3c.compile_engine, {"plus": ["a", "a"]}, "twice"),
        (delimited.compile_engine, {"delimiter": '"'}, "same"),
        (delimited.compile_engine, {"columns": "a,b"}, "columns"),
        (delimited.compile_engine, {"at_least": 0}, "at_least"),
        (delimited.compile_engine, {"at_least": True}, "at_least"),
        (key_value.compile_engine, {"assign": " "}, "differ"),
        (key_value.compile_engine, {"required": "srcip"}, "required"),
    ],
)
def test_options_that_cannot_be(compile_engine: Any, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        compile_engine(options)
