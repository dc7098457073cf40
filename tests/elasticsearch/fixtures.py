"""pytest fixtures of the node; load them with `pytest_plugins`.

Without Maven or Java the tests are skipped with the exact reason; where apt could have provided it, that is a failure.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.testbed.errors import MissingRequirement, TestbedError

if TYPE_CHECKING:
    from sec_ops.model.protocols import Clock
    from sec_ops.siem.elastic.store import ElasticStore
    from sec_ops.siem.events import FieldTypes
    from tests.elasticsearch.node import Node

__all__ = ["MakeElasticStore", "elastic_folder", "elastic_node", "elastic_prefix", "make_elastic_store"]


class MakeElasticStore:
    """Opens stores on one set of indices, as so many processes would."""

    def __init__(self, node: Node, prefix: str, folder: Path) -> None:
        self.node = node
        self.prefix = prefix
        self.folder = folder
        self.opened: list[ElasticStore] = []

    def __call__(
        self, types: FieldTypes, *, clock: Clock | None = None, retry_seconds: float = 20, request_seconds: float = 30
    ) -> ElasticStore:
        """Return a store of the superuser's."""
        from sec_ops.model.log_elasticsearch import ElasticsearchSettings
        from sec_ops.runtime.clock import SystemClock
        from sec_ops.runtime.secrets import Secret
        from sec_ops.siem.elastic.connecting import connect
        from sec_ops.siem.elastic.store import ElasticStore
        from sec_ops.siem.elastic.writing import Pace
        from tests.elasticsearch.node import PASSWORD

        settings = ElasticsearchSettings(
            urls=(self.node.url,),
            prefix=self.prefix,
            ca=str(self.node.authority),
            user="elastic",
            password={"env": "UNUSED"},
            request_seconds=request_seconds,
        )
        store = ElasticStore(
            client=connect(settings, self.folder, lambda _reference: Secret(PASSWORD)),
            settings=settings,
            types=types,
            folder=self.folder,
            clock=clock or SystemClock(),
            pace=Pace(retry_seconds=retry_seconds, server_seconds=request_seconds / 2),
        )
        self.opened.append(store)
        return store

    def remove(self) -> None:
        """Close the stores and remove their indices."""
        for store in self.opened:
            store.close()
        for index in self.node.ask("GET", f"/{self.prefix}-*"):
            self.node.ask("DELETE", f"/{index}")
        with contextlib.suppress(TestbedError):
            self.node.ask("DELETE", f"/_index_template/{self.prefix}-*")


@pytest.fixture(scope="session")
def elastic_folder() -> Iterator[Path]:
    """A folder that an unprivileged server may enter, gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="sec-ops-elastic-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def elastic_node(elastic_folder: Path) -> Iterator[Node]:
    """The node of the session, with security and TLS; a test that stops it starts it again."""
    from tests.elasticsearch.node import Node

    try:
        node = Node(folder=elastic_folder / "first")
    except MissingRequirement as error:
        if error.installable and shutil.which("apt-get") and os.geteuid() == 0:
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    node.start()
    yield node
    node.stop()


@pytest.fixture
def elastic_prefix() -> str:
    """A prefix that no other test has."""
    return f"t{secrets.token_hex(6)}"


@pytest.fixture
def make_elastic_store(elastic_node: Node, elastic_prefix: str, tmp_path: Path) -> Iterator[MakeElasticStore]:
    """A function giving stores on one fresh set of indices, which is removed at the end."""
    make = MakeElasticStore(elastic_node, elastic_prefix, tmp_path / "elastic")
    yield make
    make.remove()
