"""The compiled library is taken when it was built from the source beside it, and not otherwise."""

import ctypes.util
from pathlib import Path

import pytest

from sec_ops.runtime.compiled import library as module
from sec_ops.runtime.compiled.library import BUILT, Broken, digest, library, loaded, sound


def test_what_is_no_library_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "no.so").write_bytes(b"no library")
    assert loaded(tmp_path / "no.so", digest()) is None
    assert loaded(tmp_path / "missing.so", digest()) is None
    assert loaded(Path(ctypes.util.find_library("c") or ""), digest()) is None


def test_a_build_of_other_source_is_not_taken() -> None:
    if library() is None:
        pytest.skip("no Rust compiler when the project was installed")
    assert loaded(BUILT, digest()) is not None
    assert loaded(BUILT, "0" * 16) is None


def test_the_digest_is_of_all_files_and_their_names(tmp_path: Path) -> None:
    first = digest(tmp_path)
    (tmp_path / "a.rs").write_text("x")
    second = digest(tmp_path)
    (tmp_path / "a.rs").rename(tmp_path / "b.rs")
    assert len({first, second, digest(tmp_path)}) == 3
    assert digest() == digest(module.SOURCE)


@pytest.mark.parametrize("result", [None, -1])
def test_what_went_wrong_inside_is_told(result: int | None) -> None:
    with pytest.raises(Broken):
        sound(result)
