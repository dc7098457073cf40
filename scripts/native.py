"""Builds what is compiled where there is a Rust compiler; without one Python does its work.

The source needs no crate and no newer compiler than Debian 12 has. What is built lies beside it and is never committed.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from sec_ops.runtime.compiled.library import BUILT, SOURCE, digest

__all__ = ["build"]

ROOT = Path(__file__).resolve().parent.parent

_FLAGS = (
    *("--edition", "2021", "--crate-type", "cdylib", "-C", "opt-level=3", "-C", "codegen-units=1"),
    *("-C", "overflow-checks=on", "-C", "strip=symbols", "--remap-path-prefix", f"{SOURCE}=compiled"),
)


def build() -> Path | None:
    """Return what is built from the source as it is now, built anew where it is not; None where that can't be."""
    if _fits():
        return BUILT
    if (compiler := shutil.which("rustc")) is None:
        return None
    made = BUILT.with_name(f".{os.getpid()}.so")
    try:
        done = subprocess.run(
            [compiler, *_FLAGS, "-o", made, SOURCE / "lib.rs"],
            env={**os.environ, "SOURCE_DIGEST": digest()},
            capture_output=True,
            check=False,
        )
        if done.returncode == 0:
            made.replace(BUILT)
        else:
            sys.stderr.buffer.write(done.stderr[-4000:])
    finally:
        made.unlink(missing_ok=True)
    return BUILT if _fits() else None


def _fits() -> bool:
    """Tell whether what is there was built from this source, in a process of its own: one loads a file only once."""
    code = "import sys; from sec_ops.runtime.compiled.library import library; sys.exit(library() is None)"
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
