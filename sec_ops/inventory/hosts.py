"""From what `ansible-inventory --list` says to hosts and groups, with every fault of their variables."""

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from sec_ops.content.model_faults import did_you_mean
from sec_ops.inventory.jumps import with_jumps
from sec_ops.inventory.places import Locate
from sec_ops.model.errors import Fault
from sec_ops.model.messages import Message, message
from sec_ops.model.organisation import BackupAccount, Host, Privilege
from sec_ops.runtime.secrets import KINDS

__all__ = ["INLINE_SECRETS", "Hosts", "holds_no_secret", "read_hosts"]

INLINE_SECRETS = frozenset(
    {
        "ansible_become_pass",
        "ansible_become_password",
        "ansible_pass",
        "ansible_password",
        "ansible_ssh_pass",
        "ansible_ssh_password",
        "ansible_ssh_private_key",
        "ansible_ssh_private_key_passphrase",
        "ansible_private_key_passphrase",
        "ansible_sudo_pass",
        "ansible_su_pass",
    }
)
_OWN = frozenset(
    {
        "sec_ops_backup",
        "sec_ops_jump",
        "sec_ops_key_passphrase",
        "sec_ops_password",
        "sec_ops_privilege",
        "sec_ops_sudo_password",
        "sec_ops_unit",
    }
)
_BACKUP_PRIVILEGES = ("user", "root", "streamed")
_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """The hosts of an inventory by name, the members of its groups, and what is wrong with them."""

    hosts: Mapping[str, Host]
    groups: Mapping[str, tuple[str, ...]]
    faults: tuple[Fault, ...]


def read_hosts(listing: Mapping[str, Any], locate: Locate) -> Hosts:
    """Return hosts and groups of a listing; `locate` says where a host's variable stands."""
    variables: Mapping[str, Mapping[str, Any]] = listing.get("_meta", {}).get("hostvars", {})
    groups = _groups(listing)
    names = dict.fromkeys([*groups.get("all", ()), *variables])
    faults: list[Fault] = []
    hosts = {}
    for name in names:
        reader = _HostReader(name, variables.get(name, {}), locate)
        hosts[name] = reader.host(tuple(group for group, members in groups.items() if name in members))
        faults.extend(reader.faults)
    linked, more = with_jumps(hosts, locate)
    return Hosts(hosts=linked, groups=groups, faults=tuple(_told_once([*faults, *more])))


def holds_no_secret(listing: Mapping[str, Any]) -> bool:
    """Return whether no host's variables hold a secret by value; such a listing must not be written anywhere."""
    return not any(INLINE_SECRETS & set(each) for each in listing.get("_meta", {}).get("hostvars", {}).values())


def _told_once(faults: list[Fault]) -> Iterator[Fault]:
    """Tell a fault of a group's variable once, under the variable's name, not once for each host of the group."""
    shared = Counter((fault.file, fault.line, str(fault.message)) for fault in faults)
    told = set()
    for fault in faults:
        spot = (fault.file, fault.line, str(fault.message))
        if shared[spot] == 1:
            yield fault
        elif spot not in told:
            told.add(spot)
            yield replace(fault, path=fault.path.rpartition(".")[2])


def _groups(listing: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the members of every group, those of its children included."""
    names = [name for name in listing if name != "_meta"]
    found = {name: tuple(dict.fromkeys(_members(listing, name, frozenset()))) for name in names}
    everyone = tuple(dict.fromkeys(host for members in found.values() for host in members))
    return {"all": everyone} | {name: members for name, members in found.items() if name != "all"}


def _members(listing: Mapping[str, Any], name: str, above: frozenset[str]) -> list[str]:
    group = listing.get(name, {})
    if name in above or not isinstance(group, Mapping):
        return []
    children = [host for child in group.get("children", ()) for host in _members(listing, child, above | {name})]
    return [*group.get("hosts", ()), *children]


class _HostReader:
    """Reads one host's variables and gathers what is wrong with them."""

    def __init__(self, name: str, variables: Mapping[str, Any], locate: Locate) -> None:
        self.name = name
        self.variables = {key: _plain(value) for key, value in variables.items()}
        self.locate = locate
        self.faults: list[Fault] = []

    def host(self, groups: tuple[str, ...]) -> Host:
        self._refuse_inline_secrets()
        self._refuse_unknown_names()
        return Host(
            name=self.name,
            address=self._address(),
            port=self._port(),
            user=self._text("ansible_user"),
            key_file=self._text("ansible_ssh_private_key_file"),
            key_passphrase=self._secret("sec_ops_key_passphrase"),
            privilege=self._privilege(),
            password=self._secret("sec_ops_password"),
            sudo_password=self._secret("sec_ops_sudo_password"),
            unit=self._text("sec_ops_unit"),
            backup=self._backup(),
            groups=groups,
            variables={key: value for key, value in self.variables.items() if key not in INLINE_SECRETS},
        )

    def _fault(self, variable: str, what: Message, advice: Message | None = None) -> None:
        file, line = self.locate(self.name, variable)
        path = f"{self.name}.{variable}" if variable else self.name
        self.faults.append(Fault(file=file, line=line, path=path, message=what, advice=advice))

    def _refuse_inline_secrets(self) -> None:
        for variable in sorted(INLINE_SECRETS & set(self.variables)):
            own = "sec_ops_sudo_password" if "become" in variable or "_su" in variable else "sec_ops_password"
            advice = message("name it by reference: {variable}: {{file: PATH}}", variable=own)
            self._fault(variable, message("a secret stands in the inventory"), advice)

    def _refuse_unknown_names(self) -> None:
        for variable in self.variables:
            if variable.startswith("sec_ops_") and variable not in _OWN:
                self._fault(variable, message("unknown variable"), did_you_mean(variable, _OWN))

    def _text(self, variable: str) -> str:
        value = self.variables.get(variable, "")
        if not isinstance(value, str):
            self._fault(variable, message("wants text"), message("write it in quotes if it is text"))
            return ""
        if "{{" in value or "{%" in value:
            self._fault(variable, message("templates are not evaluated here"), message("write the value out"))
            return ""
        return value

    def _address(self) -> str:
        address = (self._text("ansible_host") or self.name).strip("[]")
        if not _is_address(address):
            variable = "ansible_host" if "ansible_host" in self.variables else ""
            self._fault(variable, message("not a host name, an IPv4 or an IPv6 address: {address}", address=address))
        return address

    def _port(self) -> int:
        given = self.variables.get("ansible_port", 22)
        text = str(given)
        if isinstance(given, bool) or not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
            self._fault("ansible_port", message("a port is a number from 1 to 65535"))
            return 22
        return int(text)

    def _privilege(self) -> Privilege:
        given = self.variables.get("sec_ops_privilege", "user")
        known = get_args(Privilege)
        if given not in known:
            what = message("wants one of {expected}", expected=", ".join(known))
            self._fault("sec_ops_privilege", what, did_you_mean(str(given), known))
            return "user"
        privilege: Privilege = given
        return privilege

    def _backup(self) -> BackupAccount | None:
        """Return the account that backups sign in with; faults stand at the one variable that holds all of it."""
        given = self.variables.get("sec_ops_backup")
        if given is None:
            return None
        if isinstance(given, Mapping):
            given = {name: _plain(value) for name, value in given.items()}
        texts = ("user", "key_file", "privilege")
        if (
            not isinstance(given, Mapping)
            or set(given) - {*texts, "sudo_password"}
            or not all(isinstance(given.get(name, ""), str) for name in texts)
            or not given.get("user")
            or given.get("privilege", "user") not in _BACKUP_PRIVILEGES
            or not _is_reference(given.get("sudo_password", {"file": "none"}))
        ):
            what = message("wants user, and may have key_file, privilege (user, root, streamed) and sudo_password")
            advice = message("for example: {variable}: {{user: backup, key_file: PATH}}", variable="sec_ops_backup")
            self._fault("sec_ops_backup", what, advice)
            return None
        return BackupAccount(
            user=given["user"],
            key_file=given.get("key_file", ""),
            privilege=given.get("privilege", "user"),
            sudo_password=given.get("sudo_password"),
        )

    def _secret(self, variable: str) -> Mapping[str, str] | None:
        given = self.variables.get(variable)
        if given is None:
            return None
        if _is_reference(given):
            return {str(kind): str(name) for kind, name in given.items()}
        what = message("a secret is named by exactly one of {kinds}", kinds=", ".join(KINDS))
        self._fault(variable, what, message("for example: {variable}: {{file: PATH}}", variable=variable))
        return None


def _is_reference(value: object) -> bool:
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    ((kind, name),) = value.items()
    return kind in KINDS and isinstance(name, str) and bool(name.strip())


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return len(text) < 254 and bool(_NAME.fullmatch(text)) and not re.fullmatch(r"[0-9.]+", text)
    return True


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value without Ansible's mark for text that must not be templated."""
    if isinstance(value, Mapping) and set(value) == {"__ansible_unsafe"}:
        return value["__ansible_unsafe"]
    return value
