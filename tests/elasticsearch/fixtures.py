"""pytest fixtures of the node; load them with `pytest_plugins`.

Without Maven or Java the tests are skipped with the exact reason; where apt could have provided it, that is a failure.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from elasticsearch import Elasticsearch
from sec_ops.model.log_elasticsearch import ElasticsearchSettings
from sec_ops.runtime.clock import SystemClock
from sec_ops.siem.elastic.store import ElasticStore
from sec_ops.siem.elastic.writing import Pace
from sec_ops.siem.events import FieldTypes
from tests.elasticsearch.node import PASSWORD, Node
from tests.testbed.errors import MissingRequirement

__all__ = ["elastic_folder", "elastic_node", "make_elastic_store"]

MakeElasticStore = Callable[..., ElasticStore]


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
def make_elastic_store(elastic_node: Node, tmp_path: Path) -> Iterator[MakeElasticStore]:
    """A function giving stores on one fresh set of indices, which is removed at the end."""
    prefix = f"t{secrets.token_hex(6)}"
    opened: list[ElasticStore] = []

    def make(types: FieldTypes | None = None, **changes: object) -> ElasticStore:
        settings = ElasticsearchSettings(
            urls=(elastic_node.url,), prefix=prefix, ca=str(elastic_node.authority), request_seconds=30
        )
        client = Elasticsearch(
            elastic_node.url,
            ca_certs=str(elastic_node.authority),
            basic_auth=("elastic", PASSWORD),
            max_retries=0,
            request_timeout=30,
        )
        folder = changes.pop("folder", None) or tmp_path / "logs"
        store = ElasticStore(
            client=client,
            settings=settings,
            types=types or FieldTypes(),
            folder=Path(str(folder)),
            clock=SystemClock(),
            pace=Pace(retry_seconds=20),
        )
        opened.append(store)
        return store

    yield make
    for index in elastic_node.ask("GET", f"/{prefix}-*"):
        elastic_node.ask("DELETE", f"/{index}")
    elastic_node.ask("DELETE", f"/_index_template/{prefix}-event*")
    for store in opened:
        store.close()
