"""A fleet on its worst day: every host has something wrong with it, and the inventory names it by that."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from sec_ops.compliance.collector import collector_script
from sec_ops.compliance.rulebook import load_rulebook
from sec_ops.content.library import Library
from sec_ops.model.check import Probe
from tests.integration.audit_site import host_variables
from tests.testbed import Bed, Host, HostPlan, faults
from tests.testbed.accounts import make_key_pair
from tests.testbed.clients import known_hosts_text
from tests.testbed.layers import Family, family_layers
from tests.testbed.slow_link import SlowLink

__all__ = ["COLLECTED", "FAILED", "HOSTS_NEEDED", "INCOMPLETE", "Fleet"]

# Name in the inventory, and the error the audit is to name; None: it answered, but not with facts.
FAILED = {
    "refused": "connection_refused",
    "unreachable": "host_unreachable",
    "silent": "deadline_exceeded",
    "without-name": "name_unknown",
    "wrong-key": "authentication_failed",
    "changed-host-key": "host_key_changed",
    "unknown-host-key": "host_key_unknown",
    "wrong-sudo-password": "privilege_refused",
    "no-sudo": "privilege_refused",
    "flooding": "output_exceeded",
    "stuck": "deadline_exceeded",
    "replaying": None,
}
INCOMPLETE = {"dying": "connection_lost", "forging": None}
COLLECTED = (
    "healthy",
    "sudo",
    "sudo-without-password",
    "slow-line",
    "disk-full",
    "busybox",
    "binary",
    "too-long",
    "without-rights",
    "unknown-distribution",
    "openeuler",
    "kylin",
)
# The one without an address stands for nobody.
HOSTS_NEEDED = len(FAILED) + len(INCOMPLETE) + len(COLLECTED) - 2

# Knows the nonce, for it was sent the script, and says one fact twice, one inside another and one nobody asked for.
_FORGING_SHELL = r"""#!/usr/bin/dash
nonce=$(sed -n 's/^sec_ops_nonce=//p')
bound=0123456789abcdef0123456789abcdef
digest=$bound$bound
begin() { printf '\n@@%s begin %s\n' $bound "$1"; }
end() { printf '\n@@%s exit 0\n\n@@%s end %s in_time 1.0 1.0\n' $bound $bound "$1"; }
printf '@@sec-ops-facts 1 %s %s %s %s %s\n' $bound $digest 1767225600 "$nonce" somebody-else
begin os_release; printf 'ID=debian\nVERSION_ID="12"\n'; end os_release
begin login_defs; printf 'PASS_MAX_DAYS 1\n'; end login_defs
begin login_defs; printf 'PASS_MAX_DAYS 90\n'; end login_defs
begin sshd_effective; begin nobody_asked; printf 'permitrootlogin no\n'; end nobody_asked; end sshd_effective
printf '\n@@%s done 3 1767225600\n' $bound
"""


class Fleet:
    """Gives out the bed's hosts; `variables` is the inventory, `known` the host keys that are known."""

    def __init__(self, bed: Bed, hosts: tuple[Host, ...], folder: Path, stack: ExitStack) -> None:
        self.bed = bed
        self.variables: dict[str, dict[str, object]] = {}
        self.hosts: dict[str, Host] = {}
        self.known = ""
        self._folder = folder
        self._stack = stack
        self._free = list(hosts)

    def prepare(self) -> None:
        """Do to every host what its name says."""
        self._addresses()
        self._connections()
        self._rights()
        self._content()
        self._shells()
        self._distributions()

    def _give(self, name: str, **changes: object) -> Host:
        host = self._free.pop()
        self.hosts[name] = host
        self.variables[name] = host_variables(host, self.bed, **changes)
        self.known += known_hosts_text([host])
        return host

    def _addresses(self) -> None:
        self._give("unknown-host-key")
        self.known = ""
        nobody = host_variables(self.hosts["unknown-host-key"], self.bed)
        self.variables["unreachable"] = nobody | {"ansible_host": str(self.bed.dead_addresses(1)[0])}
        self.variables["without-name"] = nobody | {"ansible_host": "no.such.host.invalid"}

    def _connections(self) -> None:
        faults.refuse_connections(self._give("refused"))
        self._link("silent", rate=0)
        self._link("slow-line", delay=0.02, rate=200_000)
        make_key_pair(self._folder / "stranger", "stranger")
        self._give("wrong-key", ansible_ssh_private_key_file=str(self._folder / "stranger"))
        self._give("changed-host-key").use_new_key()
        self._stack.enter_context(faults.die_mid_output(self._give("dying"), 20_000))

    def _link(self, name: str, *, rate: float, delay: float = 0) -> None:
        host = self._give(name)
        link = self._stack.enter_context(SlowLink(self.bed, host, rate=rate, delay=delay))
        self.variables[name] |= {"ansible_host": link.address, "ansible_port": link.port}
        self.known += f"[{link.address}]:{link.port} {host.public_key}\n"

    def _rights(self) -> None:
        officer = {"ansible_user": "officer", "sec_ops_privilege": "streamed"}
        self._give("sudo", **officer, sec_ops_sudo_password={"env": "PASSWORD_OFFICER"})
        self._give("wrong-sudo-password", **officer, sec_ops_sudo_password={"env": "PASSWORD_WRONG"})
        guest = {**officer, "ansible_user": "guest"}
        self._give("no-sudo", **guest, sec_ops_sudo_password={"env": "PASSWORD_GUEST"})
        self._give("sudo-without-password", ansible_user="operator", sec_ops_privilege="streamed")
        self._give("without-rights", ansible_user="guest", sec_ops_privilege="user")

    def _content(self) -> None:
        self._give("healthy")
        faults.full_disk(self._give("disk-full"))
        self._give("too-long").write("/etc/login.defs", b"# padding\n" * 20_000)
        binary = self._give("binary")
        for path in ("/etc/login.defs", "/etc/issue.net", "/etc/security/pwquality.conf", "/etc/audit/auditd.conf"):
            faults.write_non_utf8(binary, path)
        faults.awkward_names(binary, "/etc/profile.d")

    def _shells(self) -> None:
        faults.busybox_shell(self._give("busybox"))
        faults.flooding_shell(self._give("flooding"))
        faults.replace_shell(self._give("stuck"), "#!/usr/bin/dash\nexec sleep 600\n")
        faults.replace_shell(self._give("forging"), _FORGING_SHELL)
        replaying = self._give("replaying")
        yesterday = collector_script(_probes(), nonce="yesterday")
        faults.forging_shell(replaying, replaying.run(["sh"], data=yesterday).stdout)

    def _distributions(self) -> None:
        families = {"unknown-distribution": Family.UNKNOWN, "openeuler": Family.OPENEULER, "kylin": Family.KYLIN}
        for name, family in families.items():
            self._give(name).restart(HostPlan(layers=family_layers(family)))


def _probes() -> tuple[Probe, ...]:
    return load_rulebook(Library.open(None), lambda _path, _digest: None).probes
