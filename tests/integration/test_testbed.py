"""The bed itself: what it promises to the tests that stand on it."""

import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.testbed import Bed, Host, HostPlan, MissingRequirement, TestbedError, faults, requirements
from tests.testbed.changes import Change, Kind, upper_changes, upper_entries
from tests.testbed.layers import Family, family_layers, large_tree_layer
from tests.testbed.privileges import WITHHELD
from tests.testbed.processes import children, command_line, start_time, wait_until
from tests.testbed.records import bed_directory, list_beds, remove_leftovers
from tests.testbed.slow_link import SlowLink
from tests.testbed.usage import available_memory, memory_of

pytestmark = pytest.mark.integration

Hosts = Callable[[int], tuple[Host, ...]]
ROOT = Path(__file__).parents[2]
OUTSIDE = ("198.51.100.1", "2001:db8::1")


def ssh(bed: Bed, host: Host, *argv: str, user: str = "root", data: str = "") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        bed.ssh_command(host, argv, user=user), input=data.encode(), capture_output=True, timeout=60, check=False
    )


def network_of(process: int | str) -> str:
    return str(Path(f"/proc/{process}/ns/net").readlink())


def namespaces_of(bed: Bed) -> set[str]:
    processes = [bed.keeper.pid, bed.keeper.controller, *(host.pid for host in bed.hosts)]
    kinds = ("net", "mnt", "pid")
    mine = {str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in kinds}
    return {str(Path(f"/proc/{pid}/ns/{kind}").readlink()) for pid in processes for kind in kinds} - mine


def namespaces_in_use() -> set[str]:
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        for kind in ("net", "mnt", "pid"):
            try:
                found.add(str((process / "ns" / kind).readlink()))
            except OSError:
                continue
    return found


# --- reaching hosts


def test_ssh_reaches_every_host_under_its_own_key_and_name(bed: Bed, hosts: Hosts) -> None:
    three = hosts(3)
    assert len({host.public_key for host in three}) == 3
    for host in three:
        answer = ssh(bed, host, "hostname; cat /etc/machine-id")
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout.split()[0].decode() == host.name
    assert len({host.read("/etc/machine-id") for host in three}) == 3


def test_hosts_answer_over_ipv6(bed: Bed, host: Host) -> None:
    with bed.enter_controller(), socket.create_connection((str(host.ipv6), host.port), 5) as connection:
        assert connection.recv(4) == b"SSH-"


def test_the_calling_thread_comes_home_from_the_controller(bed: Bed) -> None:
    home = network_of("thread-self")
    with bed.enter_controller():
        assert network_of("thread-self") == network_of(bed.keeper.controller) != home
    assert network_of("thread-self") == home


def test_a_host_with_another_key_is_refused(bed: Bed, host: Host) -> None:
    host.use_new_key()
    refused = ssh(bed, host, "true")
    assert refused.returncode == 255
    assert b"HOST IDENTIFICATION HAS CHANGED" in refused.stderr
    host.reset()
    assert ssh(bed, host, "true").returncode == 0


@pytest.mark.parametrize(
    ("user", "password", "works"), [("officer", True, True), ("officer", False, False), ("operator", False, True)]
)
def test_sudo_asks_whom_it_should(bed: Bed, host: Host, user: str, password: bool, works: bool) -> None:
    typed = f"{bed.account(user).password}\n" if password else "wrong\n"
    answer = ssh(bed, host, "sudo -S -p '' id -u", user=user, data=typed)
    assert (answer.returncode == 0, answer.stdout.strip() == b"0") == (works, works), answer.stderr


def test_the_guest_may_not_use_sudo(bed: Bed, host: Host) -> None:
    answer = ssh(bed, host, "sudo -S -p '' id -u", user="guest", data=f"{bed.account('guest').password}\n")
    assert answer.returncode == 1
    assert b"not in the sudoers file" in answer.stderr


def test_ansible_reaches_hosts_by_the_inventory(bed: Bed, hosts: Hosts, tmp_path: Path) -> None:
    inventory = bed.write_inventory(tmp_path / "hosts.yml", hosts(2))
    environment = {**os.environ, "ANSIBLE_LOCAL_TEMP": str(tmp_path), "ANSIBLE_HOME": str(tmp_path)}
    ansible = Path(sys.executable).with_name("ansible")
    answer = subprocess.run(
        bed.controller_command([str(ansible), "all", "-i", str(inventory), "-m", "ping"]),
        capture_output=True,
        env=environment,
        check=False,
    )
    assert answer.stdout.count(b"SUCCESS") == 2, answer.stdout + answer.stderr


# --- nothing gets out, nothing gets hurt


def test_no_namespace_has_a_way_out(bed: Bed, hosts: Hosts) -> None:
    for pid in (bed.keeper.pid, bed.keeper.controller, *(host.pid for host in hosts(3))):
        for family in ("-4", "-6"):
            routes = subprocess.run(
                ["nsenter", f"--net=/proc/{pid}/ns/net", "ip", family, "route", "show", "table", "all"],
                capture_output=True,
                check=True,
            ).stdout.decode()
            assert "default" not in routes
            assert " via " not in routes


@pytest.mark.parametrize("address", OUTSIDE)
def test_the_controller_cannot_send_anything_outside(bed: Bed, address: str) -> None:
    with bed.enter_controller(), pytest.raises(OSError, match="unreachable") as caught:
        socket.create_connection((address, 22), 5).close()
    assert caught.value.errno == errno.ENETUNREACH


def test_an_address_with_nobody_there_fails_inside_the_bed(bed: Bed) -> None:
    with bed.enter_controller(), pytest.raises(OSError, match=r"No route to host|timed out"):
        socket.create_connection((str(bed.dead_addresses(1)[0]), 22), 5).close()


def test_a_hosts_root_cannot_reach_the_machine(bed: Bed, host: Host) -> None:
    numbers = {"sys_time": 25, "sys_module": 16, "sys_rawio": 17, "sys_boot": 22, "mac_admin": 33, "mac_override": 32}
    assert set(numbers) == set(WITHHELD)
    for status in (host.read("/proc/self/status"), ssh(bed, host, "cat /proc/self/status").stdout):
        effective = int(next(line for line in status.splitlines() if line.startswith(b"CapEff"))[7:], 16)
        assert not [name for name, number in numbers.items() if effective >> number & 1]
    # The value that is there already: even if it were let through, nothing would change.
    value = host.read("/proc/sys/kernel/pid_max").decode().strip()
    assert host.run(["sysctl", "-w", f"kernel.pid_max={value}"], accept=None).returncode != 0
    assert host.run(["sysctl", "-w", "net.ipv4.conf.all.accept_redirects=1"]).returncode == 0


# --- life and death


def test_reset_brings_back_a_clean_host_with_its_own_key(bed: Bed, host: Host) -> None:
    key = host.public_key
    host.write("/etc/left-behind", "x")
    host.run(["rm", "/etc/login.defs"])
    host.reset()
    assert host.run(["test", "-e", "/etc/left-behind"], accept=None).returncode == 1
    assert b"PASS_MAX_DAYS" in host.read("/etc/login.defs")
    assert host.public_key == key
    assert ssh(bed, host, "true").returncode == 0


def test_restart_keeps_the_disk(host: Host) -> None:
    host.write("/etc/kept", "x")
    host.restart()
    assert host.read("/etc/kept") == b"x"


def test_two_beds_live_side_by_side_with_the_same_addresses(bed: Bed, host: Host) -> None:
    with Bed.create() as other:
        (twin,) = other.up(1)
        assert twin.ipv4 == host.ipv4
        assert twin.public_key != host.public_key
        assert ssh(other, twin, "true").returncode == 0
        assert ssh(bed, host, "true").returncode == 0


def test_nothing_is_left_after_down() -> None:
    bed = Bed.create()
    bed.up(3)
    assert str(bed.directory) not in Path("/proc/self/mounts").read_text()
    assert not {name for _, name in socket.if_nameindex()} & {"br0", "controller", "h1", "h2", "h3"}
    namespaces, keeper, directory = namespaces_of(bed), bed.keeper.pid, bed.directory
    assert len(namespaces) == 2 + 3 * 3 + 1  # the switch's net and pid, the controller's net, three for each host
    bed.down()
    assert start_time(keeper) is None
    assert not directory.exists()
    assert not namespaces & namespaces_in_use()


def test_a_crashed_run_takes_its_hosts_with_it_and_its_folder_goes_at_the_next_start() -> None:
    script = (
        "import os, signal; from tests.testbed import Bed; bed = Bed.create(); bed.up(2);"
        "print(bed.directory, bed.keeper.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    crashed = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False)
    assert crashed.returncode == -signal.SIGKILL
    directory, keeper = crashed.stdout.split()
    wait_until(lambda: start_time(int(keeper)) is None, "the keeper outlived its owner")
    assert Path(os.fsdecode(directory)).is_dir()
    name = os.fsdecode(directory).rpartition("-")[2]
    assert name in remove_leftovers()
    assert not Path(os.fsdecode(directory)).exists()


def test_a_bed_whose_owner_died_is_ended_even_if_a_child_of_the_owner_keeps_its_pipe_open() -> None:
    script = (
        "import os, signal, time; from tests.testbed import Bed; bed = Bed.create(); bed.up(1)\n"
        "if child := os.fork(): print(bed.directory, bed.keeper.pid, child, flush=True); os.kill(os.getpid(), 9)\n"
        "os.close(0); os.close(1); os.close(2); time.sleep(60)"
    )
    crashed = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False)
    directory, keeper, child = os.fsdecode(crashed.stdout).split()
    try:
        assert start_time(int(keeper)) is not None
        assert directory.rpartition("-")[2] in remove_leftovers()
        assert start_time(int(keeper)) is None
        assert not Path(directory).exists()
    finally:
        os.kill(int(child), signal.SIGKILL)


def test_a_name_is_taken_once(bed: Bed) -> None:
    name = bed.directory.name.rpartition("-")[2]
    with pytest.raises(TestbedError, match="there already"):
        Bed.create(name=name)
    assert bed.directory.is_dir()
    with pytest.raises(TestbedError, match="no name for a bed"):
        Bed.create(name="../elsewhere")


def test_leftovers_of_others_are_not_touched(bed: Bed, host: Host, tmp_path: Path) -> None:
    foreign = bed.directory.with_name(f"sec-ops-other-thing-{os.getpid()}")
    link = bed.directory.with_name(f"sec-ops-testbed-link{os.getpid()}")
    foreign.mkdir()
    link.symlink_to(tmp_path)
    try:
        assert bed.directory.name.rpartition("-")[2] not in remove_leftovers()
        assert foreign.is_dir()
        assert tmp_path.is_dir()
        assert host.running
    finally:
        foreign.rmdir()
        link.unlink()


def test_the_command_keeps_a_bed_until_down() -> None:
    name = f"test{os.getpid()}"

    def command(*argv: str) -> subprocess.CompletedProcess[bytes]:
        line = [sys.executable, "-m", "tests.testbed", "--name", name, *argv]
        return subprocess.run(line, cwd=ROOT, capture_output=True, check=False)

    up = command("up", "2")
    try:
        assert up.returncode == 0, up.stderr
        assert command("exec", "2", "hostname").stdout == b"host002\n"
        assert command("ssh", "--user", "operator", "1", "sudo", "id", "-u").stdout == b"0\n"
        assert command("exec", "1", "touch", "/etc/mark").returncode == 0
        assert command("reset", "1").returncode == 0
        assert command("exec", "1", "test", "-e", "/etc/mark").returncode == 1
        assert name not in remove_leftovers()
    finally:
        down = command("down")
    assert down.returncode == 0, down.stderr
    assert not bed_directory(name).exists()
    assert command("exec", "1", "true").returncode == 5


def test_a_host_that_cannot_start_says_why(bed: Bed, host: Host) -> None:
    with pytest.raises(TestbedError, match="host001: mount: "):
        host.restart(HostPlan(layers=(Path("/nowhere"),)))


def test_a_machine_that_cannot_carry_a_bed_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda tool: None if tool == "debootstrap" else f"/usr/bin/{tool}")
    with pytest.raises(MissingRequirement, match="needs debootstrap: apt-get install debootstrap") as caught:
        requirements.require()
    assert caught.value.installable
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(MissingRequirement, match="needs root") as caught:
        requirements.require()
    assert not caught.value.installable


def test_memory_of_hosts(bed: Bed, hosts: Hosts, capsys: pytest.CaptureFixture[str]) -> None:
    hosts(1)
    with Bed.create() as other:
        before = available_memory()
        other.up(10)
        with capsys.disabled():
            print(f"\n{memory_of(other)}; {(before - available_memory()) // 10} KiB a host less available")
        assert memory_of(other).hosts == 10


# --- what a host has changed


def test_upper_changes_name_what_was_done(host: Host) -> None:
    before = upper_entries(host)
    assert upper_changes(host, before) == ()
    host.write("/etc/new", "x")
    host.run(["rm", "/etc/login.defs"])
    host.run(["chmod", "600", "/etc/passwd"])
    host.run(["touch", "/etc/hostname"])
    changes = {change.entry.path: change for change in upper_changes(host, before)}
    assert changes["/etc/new"].change is Change.ADDED
    assert changes["/etc/new"].entry.size == 1
    assert changes["/etc/login.defs"].entry.kind is Kind.REMOVED_BELOW
    assert changes["/etc/passwd"].entry.mode == 0o600
    assert changes["/etc/hostname"].change is Change.CHANGED
    host.run(["rm", "/etc/new"])
    assert not [change for change in upper_changes(host, before) if change.entry.path == "/etc/new"]


def test_reading_changes_nothing(host: Host) -> None:
    before = upper_entries(host)
    host.run(["sh", "-c", "cat /etc/shadow /etc/ssh/sshd_config; ls -lR /etc; find /usr -perm -4000"])
    assert upper_changes(host, before) == ()


# --- bad days


def test_busybox_as_shell(bed: Bed, host: Host) -> None:
    faults.busybox_shell(host)
    assert b"BusyBox" in ssh(bed, host, "sh", "--help").stderr


def test_a_slow_shell_is_slow(bed: Bed, host: Host) -> None:
    faults.slow_shell(host, 1.5)
    started = time.monotonic()
    assert ssh(bed, host, "sh -s", data="echo done").stdout == b"done\n"
    assert time.monotonic() - started >= 1.5


def test_a_forging_shell_answers_what_it_likes(bed: Bed, host: Host) -> None:
    faults.forging_shell(host, b"forged\x00\xff", status=3)
    answer = ssh(bed, host, "sh -s", data="echo honest")
    assert (answer.stdout, answer.returncode) == (b"forged\x00\xff", 3)
    assert host.read("/root/received") == b"echo honest"


def test_a_flooding_shell_never_ends(bed: Bed, host: Host) -> None:
    faults.flooding_shell(host)
    with subprocess.Popen(bed.ssh_command(host, ["sh -s"]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as flood:
        assert flood.stdout is not None
        assert len(flood.stdout.read(4_000_000)) == 4_000_000
        flood.kill()


def test_a_full_disk_takes_nothing_more(bed: Bed, host: Host) -> None:
    host.write("/etc/kept", "x")
    faults.full_disk(host)
    failed = ssh(bed, host, "echo text > /tmp/file")
    assert failed.returncode != 0
    assert b"No space left" in failed.stderr
    assert host.read("/etc/kept") == b"x"


def test_connections_are_refused(bed: Bed, host: Host) -> None:
    faults.refuse_connections(host)
    with bed.enter_controller(), pytest.raises(ConnectionRefusedError):
        socket.create_connection((str(host.ipv4), host.port), 5).close()


def test_packets_are_dropped(bed: Bed, host: Host) -> None:
    faults.drop_packets(host)
    with bed.enter_controller(), pytest.raises(TimeoutError):
        socket.create_connection((str(host.ipv4), host.port), 1).close()


def test_a_host_dies_in_the_middle_of_its_answer(bed: Bed, host: Host) -> None:
    with faults.die_mid_output(host, 1000) as dead:
        answer = ssh(bed, host, "sh -s", data="seq 1 100000")
        assert dead.wait(10)
    assert len(answer.stdout) == 1000
    assert answer.returncode == 255
    assert not host.running


def test_a_cut_cable_leaves_the_peer_without_an_ending(bed: Bed, host: Host) -> None:
    with bed.enter_controller(), socket.create_connection((str(host.ipv4), host.port), 5) as connection:
        connection.recv(100)
        bed.cut_cable(host)
        connection.settimeout(1)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_a_slow_link_delays_and_a_dead_one_is_silent(bed: Bed, host: Host) -> None:
    with SlowLink(bed, host, delay=0.1, rate=1_000_000) as link:
        line = ["ssh", "-F", str(bed.ssh_config), "-p", str(link.port), link.address, "true"]
        started = time.monotonic()
        answer = subprocess.run(bed.controller_command(line), capture_output=True, check=False)
        assert answer.returncode == 0, answer.stderr
        assert time.monotonic() - started >= 0.5
    with (
        SlowLink(bed, host, rate=0) as silent,
        bed.enter_controller(),
        socket.create_connection((silent.address, silent.port), 5) as connection,
    ):
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_settings_are_broken_and_a_change_without_effect_is_an_error(host: Host) -> None:
    faults.set_line(host, "/etc/login.defs", "PASS_MAX_DAYS", "PASS_MAX_DAYS 9")
    text = host.read("/etc/login.defs").decode()
    assert [line for line in text.splitlines() if line.startswith("PASS_MAX_DAYS")] == ["PASS_MAX_DAYS 9"]
    with pytest.raises(TestbedError, match="there already"):
        faults.set_line(host, "/etc/login.defs", "PASS_MAX_DAYS", "PASS_MAX_DAYS 9")
    faults.break_file(host, "/etc/login.defs", "garbage")
    assert host.read("/etc/login.defs").endswith(b"PASS_MAX_DAYS 9\ngarbage\n")


def test_hostile_bytes_arrive_as_they_are(host: Host) -> None:
    assert host.read("/etc/issue") != faults.write_non_utf8(host, "/etc/issue") == host.read("/etc/issue")
    names = faults.awkward_names(host, "/srv/odd")
    listed = host.run(["find", "/srv/odd", "-type", "f", "-printf", "%f\\0"]).stdout
    assert sorted(listed.split(b"\0")[:-1]) == sorted(names)


@pytest.mark.parametrize(("family", "identity"), [(Family.OPENEULER, b'ID="openEuler"'), (Family.KYLIN, b'ID="kylin"')])
def test_an_rpm_family_host_logs_in_through_its_own_pam_stack(
    bed: Bed, host: Host, family: Family, identity: bytes
) -> None:
    host.restart(HostPlan(layers=family_layers(family)))
    assert identity in host.read("/etc/os-release")
    for gone in ("/usr/bin/dpkg", "/var/lib/dpkg", "/etc/debian_version", "/etc/pam.d/common-auth"):
        assert host.run(["test", "-e", gone], accept=None).returncode == 1
    assert host.run(["stat", "-c", "%a %U", "/etc/pam.d", "/etc/pam.d/system-auth"]).stdout == b"755 root\n644 root\n"
    typed = f"{bed.account('officer').password}\n"
    answer = ssh(bed, host, "sudo -S -p '' id -u", user="officer", data=typed)
    assert answer.stdout == b"0\n", answer.stderr


def test_an_unknown_distribution(bed: Bed, host: Host) -> None:
    host.restart(HostPlan(layers=family_layers(Family.UNKNOWN)))
    assert b"ID=unknownos" in host.read("/etc/os-release")
    assert ssh(bed, host, "true").returncode == 0


def test_half_a_million_files(host: Host) -> None:
    host.restart(HostPlan(layers=(large_tree_layer(),)))
    assert host.run(["sh", "-c", "find /srv/archive -type f | wc -l"]).stdout.strip() == b"500000"


def test_helpers_of_the_process_table() -> None:
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        wait_until(lambda: command_line(sleeper.pid) == ("sleep", "60"), "no command line")
        assert sleeper.pid in children(os.getpid())
        sleeper.kill()
    assert start_time(sleeper.pid) is None
    assert isinstance(list_beds(), tuple)
