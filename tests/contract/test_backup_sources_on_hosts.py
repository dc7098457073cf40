"""The contract of sources once more, on a host by SSH: what is true of data here is true of data there."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from sec_ops.backup.remote.there import There
from sec_ops.backup.restic.client import Restic
from tests.contract.backup_sources import CASES, Case, Servers
from tests.contract.test_backup_sources import (
    test_a_refused_sign_in_is_no_backup,
    test_heartbeats_are_in_the_backup,
    test_no_secret_stands_in_an_argument,
    test_what_is_not_there_is_no_backup,
    test_what_was_told_comes_back_though_it_was_written_to,
)
from tests.servers.hosts import LoopbackHost, loopback_host

__all__ = [
    "test_a_refused_sign_in_is_no_backup",
    "test_heartbeats_are_in_the_backup",
    "test_no_secret_stands_in_an_argument",
    "test_what_is_not_there_is_no_backup",
    "test_what_was_told_comes_back_though_it_was_written_to",
]

pytestmark = pytest.mark.integration
_CASES = [name for name in CASES if name.startswith(("postgresql", "sqlite", "redis"))]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackHost]:
    with loopback_host(tmp_path_factory.mktemp("host")) as made:
        yield made


@pytest.fixture(scope="module")
def there(host: LoopbackHost) -> Iterator[There]:
    with host.connected() as connected:
        yield connected


@pytest.fixture(scope="module")
def restic(host: LoopbackHost, there: There) -> Restic:
    made = there.restic(host.sftp.repository("sources"))
    assert made.init().judged.good
    return made


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with ExitStack() as stack:
        yield Servers(stack)


@pytest.fixture(scope="module", params=_CASES)
def case(request: pytest.FixtureRequest, servers: Servers, there: There) -> Iterator[Case]:
    with CASES[request.param](servers) as found:
        found.write(0)
        yield replace(found, doors=there.doors)
