"""What the PAM parser returns of all it has read."""

from sec_ops.compliance.parsers.pam import parse


def test_only_the_services_asked_for_are_returned() -> None:
    text = "==> /etc/pam.d/sshd <==\nauth include common\n==> /etc/pam.d/common <==\nauth required pam_unix.so\n"
    found = parse(text, {"services": ["sshd", "login"]})
    assert list(found) == ["sshd"]
    assert [entry["module"] for entry in found["sshd"]["auth"]] == ["pam_unix.so"]
