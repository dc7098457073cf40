"""Jump hosts of the inventory: `sec_ops_jump`, or what Ansible's own SSH arguments say (`-J`, `ProxyJump`).

A jump host is a host of the inventory like any other, with its own user, key and known host key. `ProxyCommand` runs a
program of anybody's choice and is not followed.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sec_ops.content.model_faults import did_you_mean
from sec_ops.inventory.places import Locate
from sec_ops.model.errors import Fault
from sec_ops.model.messages import Message, message
from sec_ops.model.organisation import Host

__all__ = ["with_jumps"]

_OWN = "sec_ops_jump"
_ARGUMENTS = ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args")
_HOPS = 8
_OPTION = re.compile(r"\s*(proxyjump|proxycommand)\s*[=\s]\s*(.*)", re.IGNORECASE | re.DOTALL)
_HOP = re.compile(
    r"(?:ssh://)?(?:(?P<user>[^@]+)@)?(?:\[(?P<six>[0-9A-Fa-f:.%]+)\]|(?P<name>[^:\[\]]+))(?::(?P<port>\d{1,5}))?"
)


def with_jumps(hosts: Mapping[str, Host], locate: Locate) -> tuple[dict[str, Host], list[Fault]]:
    """Return the hosts with the way to each, the nearest jump host first, and the faults of what was named."""
    linking = _Linking(hosts=hosts, locate=locate)
    for host in hosts.values():
        linking.read(host)
    return {name: replace(host, jump=linking.way(name)) for name, host in hosts.items()}, linking.faults


@dataclass(slots=True, kw_only=True)
class _Linking:
    hosts: Mapping[str, Host]
    locate: Locate
    named: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def read(self, host: Host) -> None:
        """Note which variable names the host's jump hosts, and which they are."""
        if _OWN in host.variables:
            self.named[host.name] = (_OWN, tuple(self._own(host)))
            return
        for variable in _ARGUMENTS:
            said = host.variables.get(variable)
            for option, value in _options(said) if isinstance(said, str) else ():
                if option == "proxycommand":
                    advice = message("name the jump host instead: {variable}: HOST", variable=_OWN)
                    self._fault(host.name, variable, message("ProxyCommand is not followed"), advice)
                elif value.lower() != "none":
                    self.named[host.name] = (variable, tuple(self._hops(host, variable, value)))

    def way(self, name: str) -> tuple[str, ...]:
        """Return the hosts on the way; what runs in a circle is a fault, and then there is none."""
        variable, hops = self.named.get(name, ("", ()))
        found = [*self.way_before(hops[0], (name,)), *hops] if hops else []
        if name in found or len(set(found)) < len(found):
            what = message("the way runs in a circle: {circle}", circle=" -> ".join([*found, name]))
            self._fault(name, variable, what)
            return ()
        if len(found) > _HOPS:
            self._fault(name, variable, message("more than {count} jump hosts one after another", count=_HOPS))
        return tuple(found)

    def way_before(self, name: str, seen: tuple[str, ...]) -> tuple[str, ...]:
        """Return the way to a jump host; it stops where it comes round again."""
        _, hops = self.named.get(name, ("", ()))
        if not hops or name in seen:
            return hops[:1] if name in seen else ()
        return (*self.way_before(hops[0], (*seen, name)), *hops)

    def _own(self, host: Host) -> Iterator[str]:
        given = host.variables[_OWN]
        names = [given] if isinstance(given, str) else given
        if not isinstance(names, Sequence) or not all(isinstance(each, str) and each.strip() for each in names):
            self._fault(host.name, _OWN, message("wants the name of a host, or a list of names, the nearest first"))
            return
        for name in names:
            if name in self.hosts:
                yield name
            else:
                what = message("no host is called {name}", name=name)
                self._fault(host.name, _OWN, what, did_you_mean(name, self.hosts))

    def _hops(self, host: Host, variable: str, value: str) -> Iterator[str]:
        for text in value.split(","):
            match = _HOP.fullmatch(text.strip())
            found = self._known(match["six"] or match["name"]) if match else None
            if match is None or found is None:
                what = message("the jump host {name} is no host of the inventory", name=text.strip())
                advice = message("give it an entry with its user and key, or write {variable}: HOST", variable=_OWN)
                self._fault(host.name, variable, what, advice)
            elif (match["user"] or found.user) != found.user or int(match["port"] or found.port) != found.port:
                what = message("user or port of {name} differ from its own entry", name=found.name)
                advice = message("correct one of them, or write {variable}: {name}", variable=_OWN, name=found.name)
                self._fault(host.name, variable, what, advice)
            else:
                yield found.name

    def _known(self, text: str) -> Host | None:
        return self.hosts.get(text) or next((host for host in self.hosts.values() if host.address == text), None)

    def _fault(self, name: str, variable: str, what: Message, advice: Message | None = None) -> None:
        file, line = self.locate(name, variable)
        self.faults.append(Fault(file=file, line=line, path=f"{name}.{variable}", message=what, advice=advice))


def _options(text: str) -> Iterator[tuple[str, str]]:
    """Yield the proxy options of SSH arguments, by lower-case name; text that is no command line has none."""
    try:
        words = iter(shlex.split(text))
    except ValueError:
        return
    for word in words:
        if word.startswith("-J"):
            yield "proxyjump", word[2:] or next(words, "")
        elif word.startswith("-o"):
            match = _OPTION.fullmatch(word[2:] or next(words, ""))
            if match:
                yield match[1].lower(), match[2]
