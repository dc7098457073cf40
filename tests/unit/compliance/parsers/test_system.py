"""Units, kernel parameters, modules, kernels, limits, packet filters and shares."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.compliance.parsers import parser

OWN = (
    *(
        "audit_rules",
        "firewall",
        "journald",
        "kernel_versions",
        "logrotate",
        "modprobe",
        "nfs_exports",
        "resource_limits",
    ),
    *("rsyslog", "samba_shares", "sysctl_files", "systemd_units"),
)


@pytest.mark.parametrize("name", OWN)
@given(text=st.text(alphabet="abS-=/.,;:*@&~$#%!<>[](){}\"'\\ \n\t12345", max_size=80), headed=st.booleans())
def test_no_text_breaks_a_parser(name: str, text: str, headed: bool) -> None:
    heads = {"rsyslog": "/etc/rsyslog.conf", "logrotate": "/etc/logrotate.conf", "firewall": "/nft"}
    with suppress(ValueError):
        parser(name)(f"==> {heads.get(name, '/etc/x/x.conf')} <==\n{text}" if headed else text, {"logs": ["/a"]})


def test_drop_ins_come_after_the_main_file_and_the_stronger_folder_hides_the_weaker() -> None:
    text = (
        "==> /usr/lib/systemd/system/auditd.service <==\n[Service]\nRestart=on-failure\nType=forking\n"
        "==> /usr/lib/systemd/system/auditd.service.d/10-a.conf <==\n[Service]\nRestart=no\n"
        "==> /etc/systemd/system/auditd.service.d/10-a.conf <==\n[Service]\nRestart=always\n"
        "==> /etc/systemd/system/rsyslog.service <==\n[Service]\n; no\n# no\nRestart=\n"
        "==> /usr/lib/systemd/system/rsyslog.service <==\n[Service]\nRestart=on-failure\nX=1\n"
    )
    units = parser("systemd_units")(text, {})
    assert units["auditd.service"] == {"Service.Restart": "always", "Service.Type": "forking"}
    assert units["rsyslog.service"] == {"Service.Restart": ""}


def test_sysctl_files_by_name_across_folders() -> None:
    text = (
        "==> /etc/sysctl.d/10-own.conf <==\nnet/ipv4/ip_forward = 1\nkernel.kptr_restrict=2\n"
        "==> /usr/lib/sysctl.d/10-own.conf <==\nkernel.kptr_restrict=0\n"
        "==> /usr/lib/sysctl.d/50-default.conf <==\n-net.ipv4.conf.*.rp_filter = 2\nnet.ipv4.ip_forward=0\n"
    )
    parsed = parser("sysctl_files")(text, {"keys": ["net.ipv4.conf.all.rp_filter"]})
    assert parsed == {"net.ipv4.ip_forward": "0", "kernel.kptr_restrict": "2", "net.ipv4.conf.all.rp_filter": "2"}
    last = "==> /etc/sysctl.conf <==\nnet.ipv4.ip_forward=1\n"
    assert parser("sysctl_files")(last + text, {})["net.ipv4.ip_forward"] == "1"


def test_modules_refused_and_merely_blacklisted() -> None:
    text = (
        "==> /etc/modprobe.d/own.conf <==\ninstall usb-storage /bin/false\nblacklist udf\ninstall cramfs /sbin/helper\n"
        "==> /usr/lib/modprobe.d/own.conf <==\ninstall hfs /bin/false\n"
    )
    assert parser("modprobe")(text, {}) == {"refused": ["usb_storage"], "blacklisted": ["udf"]}


@pytest.mark.parametrize(
    ("installed", "newest"),
    [
        (["6.1.0-9-amd64", "6.1.0-18-amd64"], "6.1.0-18-amd64"),
        (["5.14.0-70.13.1.el9_0.x86_64", "5.14.0-427.el9.x86_64"], "5.14.0-427.el9.x86_64"),
        (["4.19.90-52.15.ky10.aarch64", "0-rescue-abcd", "5.10.0+debug"], "4.19.90-52.15.ky10.aarch64"),
        ([], ""),
    ],
)
def test_newest_kernel(installed: list[str], newest: str) -> None:
    text = "running 6.1.0-9-amd64\n" + "".join(f"installed {name}\n" for name in installed)
    assert parser("kernel_versions")(text, {})["newest"] == newest


def test_limits_drop_ins_and_both_kinds() -> None:
    text = (
        "==> /etc/security/limits.d/10-core.conf <==\n* hard core 0 # none\n"
        "==> /etc/security/limits.conf <==\n* - core unlimited\n# * hard core 1\n@dba soft nofile 9\n"
    )
    assert parser("resource_limits")(text, {}) == {
        "*": {"soft.core": "unlimited", "hard.core": "0"},
        "@dba": {"soft.nofile": "9"},
    }


# What such a rule accepts is what the policy is to refuse.
SWEEPING = (
    "-p tcp",
    "-p tcp -m tcp",
    "! -i lo",
    "-s 0.0.0.0/0",
    "-m state --state NEW",
    "-m conntrack --ctstate NEW,RELATED,ESTABLISHED",
    "-p tcp -m tcp --dport 1:65535",
)
NARROW = (
    "-i lo",
    "-p icmp",
    "-m state --state RELATED,ESTABLISHED",
    "-s 192.0.2.0/24",
    "-p tcp -m tcp --dport 80",
    "-p tcp -m state --state NEW -m tcp --dport 22",
)
SWEEPING_NFT = (
    "meta l4proto tcp",
    "ip protocol tcp counter packets 0 bytes 0",
    "ct state new",
    "ct state { established, related, new }",
    'iifname != "lo"',
    "ip saddr 0.0.0.0/0",
    "tcp dport 1-65535",
)
NFT_DROP = """==> /nft <==
table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		ip saddr 192.0.2.0/24 tcp dport 22 accept
	}
	chain output {
		type filter hook output priority filter; policy accept;
	}
}
"""
FIREWALLD = """==> /nft <==
table inet firewalld {
	chain filter_INPUT {
		type filter hook input priority filter + 10; policy accept;
		ct state { established, related } accept
		iifname "lo" accept
		jump filter_INPUT_ZONES
		ct state invalid drop
		%s
	}
	chain filter_INPUT_ZONES {
		iifname "eth0" goto filter_IN_public
		goto filter_IN_%s
	}
	chain filter_IN_public {
		tcp dport 22 ct state new,untracked accept
		meta l4proto icmp accept
	}
	chain filter_IN_trusted {
		accept
	}
}
"""
IPTABLES = (
    "==> /iptables <==\n-P INPUT ACCEPT\n-P FORWARD DROP\n-N own\n-A INPUT -i lo -j ACCEPT\n"
    "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n"
)


@pytest.mark.parametrize(
    ("text", "v4", "v6"),
    [
        (NFT_DROP, "drop", "drop"),
        (NFT_DROP.replace("inet", "ip"), "drop", "accept"),
        (NFT_DROP.replace("policy drop", "policy accept"), "accept", "accept"),
        (FIREWALLD % ("reject with icmpx admin-prohibited", "public"), "drop", "drop"),
        (FIREWALLD % ("reject with icmpx admin-prohibited", "trusted"), "accept", "accept"),
        (FIREWALLD % ("ct state new accept", "public"), "accept", "accept"),
        (IPTABLES, "accept", "accept"),
        (IPTABLES + "-A INPUT -j REJECT --reject-with icmp-host-prohibited\n", "drop", "accept"),
        (IPTABLES + "-A INPUT -j own\n-A own -j DROP\n", "drop", "accept"),
        (IPTABLES + "-A INPUT -j ACCEPT\n-A INPUT -j DROP\n", "accept", "accept"),
        (IPTABLES.replace("INPUT ACCEPT", "INPUT DROP") + "==> /ip6tables <==\n-P INPUT DROP\n", "drop", "drop"),
        ("==> /nft <==\n", "accept", "accept"),
        *((f"==> /iptables <==\n-P INPUT DROP\n-A INPUT {rule} -j ACCEPT\n", "accept", "accept") for rule in SWEEPING),
        *((f"==> /iptables <==\n-P INPUT DROP\n-A INPUT {rule} -j ACCEPT\n", "drop", "accept") for rule in NARROW),
        *(
            (NFT_DROP.replace("policy drop;", f"policy drop;\n{rule} accept"), "accept", "accept")
            for rule in SWEEPING_NFT
        ),
    ],
)
def test_what_the_filter_does_with_the_rest(text: str, v4: str, v6: str) -> None:
    parsed = parser("firewall")(text, {})
    assert (parsed["v4"], parsed["v6"]) == (v4, v6)


def test_rules_that_let_ssh_in() -> None:
    parsed = parser("firewall")(NFT_DROP, {})
    assert (len(parsed["ssh_sources"]), parsed["ssh_open"]) == (1, [])
    assert len(parser("firewall")(IPTABLES, {})["ssh_open"]) == 1
    everywhere = IPTABLES + "-A INPUT -s 0.0.0.0/0 -p tcp -m tcp --dport 22 -j ACCEPT\n"
    assert len(parser("firewall")(everywhere, {})["ssh_open"]) == 2


@pytest.mark.parametrize(
    ("rule", "opens"),
    [
        ("-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT", True),
        ("-A INPUT -p tcp -m multiport --dports 80,22 -j ACCEPT", True),
        ("-A INPUT -p tcp -m tcp --dport 1:1024 -j ACCEPT", True),
        ("-A INPUT -p tcp -j ACCEPT", True),
        ("-A INPUT -p tcp -m tcp ! --dport 80 -j ACCEPT", True),
        ("-A INPUT -p tcp -m tcp ! --dport 22 -j ACCEPT", False),
        ("-A INPUT -p tcp -m tcp --dport 2222 -j ACCEPT", False),
        ("-A INPUT -p udp -m udp --dport 22 -j ACCEPT", False),
        ("-A INPUT -i lo -j ACCEPT", False),
        ("-A INPUT -p tcp -m tcp --dport 22 -j DROP", False),
    ],
)
def test_which_rules_open_ssh(rule: str, opens: bool) -> None:
    text = f"==> /iptables <==\n-P INPUT DROP\n{rule}\n"
    assert bool(parser("firewall")(text, {})["ssh_open"]) is opens


def test_exports_with_a_space_are_open_to_everyone() -> None:
    text = '==> /etc/exports <==\n/srv/data 192.0.2.0/24(rw,root_squash) host (rw)\n"/srv/a b" -ro *(sync)\n/srv/all\n'
    assert parser("nfs_exports")(text, {}) == [
        {"path": "/srv/data", "client": "192.0.2.0/24", "options": ["rw", "root_squash"]},
        {"path": "/srv/data", "client": "host", "options": []},
        {"path": "/srv/data", "client": "*", "options": ["rw"]},
        {"path": "/srv/a b", "client": "*", "options": ["ro", "sync"]},
        {"path": "/srv/all", "client": "*", "options": []},
    ]


def test_samba_guests() -> None:
    text = (
        "[global]\nMap to Guest = Bad User\nserver min protocol = SMB2_10\n[Public]\n Path=/srv\n public = yes\n"
        "[staff]\npath=/st\n[printers]\nguest ok=yes\n"
    )
    parsed = parser("samba_shares")(text, {})
    assert (parsed["minimum"], parsed["map_to_guest"]) == ("SMB2_10", "bad user")
    assert [(share["name"], share["guest"]) for share in parsed["shares"]] == [("public", True), ("staff", False)]
