"""Many sshd hosts on one machine without containers, for tests with real servers. See README.md in this folder."""

from tests.testbed.base import RootSpec
from tests.testbed.bed import Bed
from tests.testbed.errors import CommandFailed, MissingRequirement, TestbedError
from tests.testbed.host import Host
from tests.testbed.keeper import Lifetime
from tests.testbed.plan import HostPlan, Program

__all__ = [
    "Bed",
    "CommandFailed",
    "Host",
    "HostPlan",
    "Lifetime",
    "MissingRequirement",
    "Program",
    "RootSpec",
    "TestbedError",
]
