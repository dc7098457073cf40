"""Cables of a bed: hosts and the controller on the keeper's bridge. Nobody gets a default route."""

from __future__ import annotations

from collections.abc import Iterable

from tests.testbed.addresses import CONTROLLER_IPV4, CONTROLLER_IPV6, interface
from tests.testbed.commands import run
from tests.testbed.keeper import Keeper
from tests.testbed.namespaces import in_network

__all__ = ["connect_controller", "plug_in", "unplug"]

_CONTROLLER_MAC = "02:77:00:ff:00:01"


def connect_controller(keeper: Keeper) -> None:
    """Lay the cable between the controller's namespace and the switch and give the controller its addresses."""
    lines = (
        "link set lo up",
        f"link add eth0 address {_CONTROLLER_MAC} type veth peer name controller netns {keeper.switch}",
        f"addr add {interface(CONTROLLER_IPV4)} dev eth0",
        f"addr add {interface(CONTROLLER_IPV6)} dev eth0 nodad",
        "link set eth0 up",
    )
    run(in_network(keeper.controller, ["ip", "-batch", "-"]), data="\n".join(lines).encode())
    run(in_network(keeper.pid, ["ip", "link", "set", "controller", "master", "br0", "up"]))


def plug_in(keeper: Keeper, indexes: Iterable[int]) -> None:
    """Connect the hosts' cables to the bridge."""
    _on_switch(keeper, "-batch", (f"link set h{index} master br0 up" for index in indexes), accept=(0,))


def unplug(keeper: Keeper, indexes: Iterable[int]) -> None:
    """Remove the hosts' cables at once: a namespace's own clean-up comes late and keeps the names in use."""
    _on_switch(keeper, "-force", (f"link del h{index}" for index in indexes), accept=None)


def _on_switch(keeper: Keeper, mode: str, lines: Iterable[str], *, accept: tuple[int, ...] | None) -> None:
    argv = ["ip", "-batch", "-"] if mode == "-batch" else ["ip", "-force", "-batch", "-"]
    run(in_network(keeper.pid, argv), data="\n".join(lines).encode(), accept=accept)
