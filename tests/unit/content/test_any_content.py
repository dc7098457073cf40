"""Whatever stands in the files of both layers, loading ends with objects and faults, never with another exception."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.content.kinds import CHECKS, CLAUSES, KINDS
from sec_ops.content.library import Library
from tests.unit.content.folders import write, write_check

WORDS = st.sampled_from(["one", "two", "", "zh", "90", "high", "text", "8.1.4.1-a.1"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 300) | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "run", "zh", "en", "default", "title", "days", "when", "text"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)
KEYS = [*CHECKS.model.model_fields, "assert", "overrides", "patches", "nope"]
CHECK = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=10)
PARAMETERS = st.dictionaries(st.sampled_from(["days", "one"]), VALUES, max_size=2) | VALUES
PATCH = st.fixed_dictionaries({"patches": st.just("one")}, optional={"parameters": PARAMETERS, "severity": VALUES})
CLAUSE = st.dictionaries(st.sampled_from([*CLAUSES.model.model_fields, "overrides"]), VALUES, max_size=8)


@settings(max_examples=300)
@given(shipped=CHECK, site=CHECK | VALUES)
def test_any_checks(tmp_path_factory: pytest.TempPathFactory, shipped: dict[str, Any], site: Any) -> None:
    base, over = tmp_path_factory.mktemp("shipped"), tmp_path_factory.mktemp("site")
    write(base, f"{CHECKS.folder}/linux/one.yml", json.dumps({"id": "one", **shipped}))
    write(over, f"{CHECKS.folder}/linux/one.yml", json.dumps(site))
    library = Library.open(over, shipped=base)
    for fault in library.faults(CHECKS):
        assert Path(fault.file).is_file()
        assert fault.line == 1
        assert str(fault.message)
        assert str(fault.advice or "-")


@settings(max_examples=300)
@given(broken=st.booleans(), parameters=PARAMETERS, patch=PATCH)
def test_any_patches(
    tmp_path_factory: pytest.TempPathFactory, broken: bool, parameters: Any, patch: dict[str, Any]
) -> None:
    base, over = tmp_path_factory.mktemp("shipped"), tmp_path_factory.mktemp("site")
    text = write_check(base, "one").read_text(encoding="utf-8")
    if broken:
        head, _, tail = text.partition("  days: ")
        text = head.removesuffix("\n") + f" {json.dumps(parameters)}\n" + tail.partition("\n")[2]
        write(base, f"{CHECKS.folder}/linux/one.yml", text)
    write(over, f"{CHECKS.folder}/linux/one.yml", json.dumps(patch))
    assert isinstance(Library.open(over, shipped=base).faults(CHECKS), tuple)


@given(st.lists(CLAUSE | VALUES, max_size=3) | VALUES)
def test_any_items(tmp_path_factory: pytest.TempPathFactory, items: Any) -> None:
    base = tmp_path_factory.mktemp("shipped")
    write(base, f"{CLAUSES.folder}/general_l3.yml", json.dumps({"items": items}))
    assert isinstance(Library.open(None, shipped=base).faults(CLAUSES), tuple)


@pytest.mark.parametrize("name", KINDS)
@given(text=st.text(max_size=60))
def test_any_text(tmp_path_factory: pytest.TempPathFactory, name: str, text: str) -> None:
    kind, base = KINDS[name], tmp_path_factory.mktemp("shipped")
    path = base / kind.folder / kind.files[0].replace("*", "x")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(errors="surrogatepass"))
    assert isinstance(Library.open(None, shipped=base).faults(kind), tuple)
