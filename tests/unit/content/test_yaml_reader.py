"""The reader: YAML 1.2's core schema, every fault with its line, nothing but ContentInvalid on any bytes."""

import contextlib
import json
import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.content.yaml_reader import BYTES_BOUND, DEPTH_BOUND, path_text, read_yaml
from sec_ops.model.errors import ContentInvalid

SCALARS = [
    ("1", 1),
    ("-17", -17),
    ("+4", 4),
    ("0o17", 15),
    ("0x1F", 31),
    ("0644", 644),
    ("1.5", 1.5),
    ("1e3", 1000.0),
    (".5", 0.5),
    ("true", True),
    ("False", False),
    ("null", None),
    ("~", None),
    ("", None),
    ("yes", "yes"),
    ("no", "no"),
    ("on", "on"),
    ("2026-11-23", "2026-11-23"),
    ("12:30:45", "12:30:45"),
    ("1_000", "1_000"),
    (".inf", ".inf"),
    (".nan", ".nan"),
    ("8.1.4.1-a", "8.1.4.1-a"),
    ("0123456789012345678901234567890", "0123456789012345678901234567890"),
    ("<<", "<<"),
    ("'1'", "1"),
    ('"true"', "true"),
    ("|\n  a\n  b\n", "a\nb\n"),
]


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    found = read_yaml(f"key: {text}\n".encode(), "f.yml").value["key"]
    assert found == value
    assert type(found) is type(value)


FAULTS = [
    ("a: 1\nb: 2\na: 3\n", [(3, "a", "key a stands here a second time")]),
    ("a: {b: 1, b: 2}\nc: 1\nc: 2\n", [(1, "b", "second time"), (3, "c", "second time")]),
    ("a: !!python/object:os.system x\n", [(1, "", "tag tag:yaml.org,2002:python/object:os.system is not allowed")]),
    ("a: !secret x\nb: !!str 1\n", [(1, "", "!secret"), (2, "", "tag")]),
    ("a: &x [1]\nb: *x\n", [(1, "", "anchor or alias x"), (2, "", "anchor or alias x")]),
    ("a: 1\n---\nb: 2\n", [(2, "", "a second document")]),
    ("? [1, 2]\n: 3\n", [(1, "", "a key is text")]),
    ("a: 1\n b: 2\n", [(2, "", "not valid YAML")]),
    ("a: [1, 2\nb: 3\n", [(2, "", "not valid YAML")]),
    ("a: 'x\n", [(2, "", "not valid YAML")]),
    ("a: \x07\n", [(0, "", "not valid YAML")]),
]


@pytest.mark.parametrize(("text", "expected"), FAULTS)
def test_faults_carry_line_and_path(text: str, expected: list[tuple[int, str, str]]) -> None:
    with pytest.raises(ContentInvalid) as caught:
        read_yaml(text.encode(), "f.yml")
    assert len(caught.value.faults) == len(expected)
    for fault, (line, path, part) in zip(caught.value.faults, expected, strict=True):
        assert (fault.file, fault.line, fault.path) == ("f.yml", line, path)
        assert part in str(fault.message)


def test_not_utf_8_names_the_line() -> None:
    with pytest.raises(ContentInvalid) as caught:
        read_yaml(b"a: 1\nb: \xff\n", "f.yml")
    assert [(fault.line, str(fault.message)) for fault in caught.value.faults] == [(2, "not UTF-8 text")]


def test_a_larger_file_is_refused() -> None:
    with pytest.raises(ContentInvalid, match="1 fault"):
        read_yaml(b"#" * (BYTES_BOUND + 1), "f.yml")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_depth_is_bounded(opening: str) -> None:
    # In a process of its own: libyaml's own composer would overflow the stack here and take the tests with it.
    code = (
        "from sec_ops.content.yaml_reader import read_yaml\n"
        "from sec_ops.model.errors import ContentInvalid\n"
        f"try: read_yaml({opening!r}.encode() * 200_000, 'f')\n"
        "except ContentInvalid as error: print(error.faults[0].message)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"nested deeper than {DEPTH_BOUND} levels\n"


def test_aliases_cannot_multiply() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
    )
    with pytest.raises(ContentInvalid):
        read_yaml(bomb.encode(), "f.yml")


def test_lines_of_paths() -> None:
    document = read_yaml(b"# head\na:\n  - x: 1\n    y: 2\n  -\n    x: 3\nb: {c: 4}\n", "f.yml")
    lines = {
        (): 2,
        ("a",): 2,
        ("a", 0): 3,
        ("a", 0, "y"): 4,
        ("a", 1, "x"): 6,
        ("b", "c"): 7,
        ("a", 1, "missing"): 6,
        ("nowhere", 4): 2,
    }
    assert {path: document.line(path) for path in lines} == lines


def test_path_text() -> None:
    assert path_text(("items", 2, "title", "zh")) == "items[2].title.zh"
    assert path_text(()) == ""


@given(st.text() | st.text(alphabet="ab:-[]{}&*!|>'\"#?%@`,\n \t01.~"))
def test_any_text_is_a_document_or_invalid(text: str) -> None:
    with contextlib.suppress(ContentInvalid):
        read_yaml(text.encode(errors="surrogatepass"), "f.yml")


@given(st.binary())
def test_any_bytes_are_a_document_or_invalid(data: bytes) -> None:
    with contextlib.suppress(ContentInvalid):
        read_yaml(data, "f.yml")


TEXT = st.text(st.characters(exclude_categories=["Cc", "Cf", "Cn", "Cs", "Zl", "Zp"]), max_size=20)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False, min_value=-(10.0**90), max_value=10.0**90)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_json_is_read_as_itself(value: object) -> None:
    found = read_yaml(json.dumps(value, ensure_ascii=False).encode(), "f.yml").value
    assert _same(found, value)


def _same(found: object, value: object) -> bool:
    if isinstance(value, float) and isinstance(found, float):
        return math.isclose(found, value, rel_tol=1e-12, abs_tol=1e-300)
    if isinstance(value, dict) and isinstance(found, dict):
        return list(value) == list(found) and all(_same(found[key], value[key]) for key in value)
    if isinstance(value, list) and isinstance(found, list):
        return len(value) == len(found) and all(map(_same, found, value))
    return type(found) is type(value) and found == value
