"""pytest fixtures; load them with ``pytest_plugins = ["tests.testbed.fixtures"]``.

Without root, or where the kernel says no, the tests are skipped with the exact reason. As root on a machine with
apt a missing package is a failure: it can be installed, so nothing may be left out.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest

from tests.testbed.bed import Bed
from tests.testbed.errors import MissingRequirement
from tests.testbed.host import Host
from tests.testbed.requirements import require

__all__ = ["bed", "host", "hosts"]


@pytest.fixture(scope="session")
def bed() -> Iterator[Bed]:
    """One bed for the session, with no host yet: ``bed.up(count)`` adds them, ``host`` and ``hosts`` do it for you."""
    try:
        require()
    except MissingRequirement as error:
        if error.installable and shutil.which("apt-get"):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    with Bed.create() as made:
        yield made


@pytest.fixture
def hosts(bed: Bed) -> Iterator[Callable[[int], tuple[Host, ...]]]:
    """A function giving that many clean hosts; each one handed out is reset after the test."""
    given: dict[int, Host] = {}

    def give(count: int) -> tuple[Host, ...]:
        chosen = bed.up(count)
        given.update((host.index, host) for host in chosen)
        return chosen

    yield give
    bed.reset_hosts(tuple(given.values()))


@pytest.fixture
def host(hosts: Callable[[int], tuple[Host, ...]]) -> Host:
    """One clean host, reset after the test."""
    return hosts(1)[0]
