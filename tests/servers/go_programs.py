"""Servers built from the Go module proxy, checked by the checksum database, once, into the tests' cache."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.testbed.cache import cache_directory, exclusive
from tests.testbed.errors import MissingRequirement

__all__ = ["REST_SERVER", "VERSITYGW", "GoProgram", "built"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoProgram:
    """A program of a module at one version; `package` is the folder of its main package."""

    name: str
    module: str
    version: str
    package: str


REST_SERVER = GoProgram(
    name="rest-server", module="github.com/restic/rest-server", version="v0.14.0", package="./cmd/rest-server"
)
VERSITYGW = GoProgram(
    name="versitygw", module="github.com/versity/versitygw", version="v1.8.0", package="./cmd/versitygw"
)


def built(program: GoProgram) -> Path:
    """Return the program; built when the cache has none (versitygw: minutes). Raises MissingRequirement without Go."""
    cache = cache_directory() / "go-programs"
    cache.mkdir(mode=0o755, exist_ok=True)
    target = cache / f"{program.name}-{program.version}"
    with exclusive(cache / f".{program.name}.lock"):
        if not target.exists():
            _build(program, target)
    return target


def _build(program: GoProgram, target: Path) -> None:
    """Build a copy of the module's folder: there its own go.mod and go.sum pin everything else."""
    go = shutil.which("go", path=os.environ.get("PATH", "") + ":/usr/local/go/bin")
    if go is None:
        raise MissingRequirement(f"{program.name} is built by Go 1.21 or newer, and there is none in PATH")
    told = subprocess.run(
        [go, "mod", "download", "-json", f"{program.module}@{program.version}"], check=True, capture_output=True
    )
    source = target.with_suffix(".source")
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(json.loads(told.stdout)["Dir"], source, copy_function=shutil.copyfile)
    unfinished = target.with_suffix(".unfinished")
    environment = os.environ | {"CGO_ENABLED": "0"}
    subprocess.run([go, "build", "-o", str(unfinished), program.package], cwd=source, env=environment, check=True)
    unfinished.rename(target)
    shutil.rmtree(source)
