"""sshd -T and PAM stacks."""

from sec_ops.compliance.parsers import parser

SSHD = "port 22\nport 2222\naddressfamily any\npermitrootlogin without-password\nciphers a-ctr,b-cbc\nacceptenv LANG\n"
PAM = """==> /usr/lib/pam.d/sshd <==
auth required pam_deny.so
==> /etc/pam.d/common-auth <==
# comment
auth [success=1 default=ignore] pam_unix.so nullok \\
   try_first_pass
auth requisite pam_deny.so
==> /etc/pam.d/password-auth <==
auth required /usr/lib64/security/pam_faillock.so preauth deny=5 unlock_time=900
-auth optional pam_fprintd.so
==> /etc/pam.d/sshd <==
@include common-auth
auth substack password-auth
account include system-account
session required pam_exec.so [command=/bin/true a b]
"""


def test_sshd_lists_and_strings() -> None:
    parsed = parser("sshd_effective")(SSHD, {})
    assert parsed["port"] == ["22", "2222"]
    assert parsed["ciphers"] == ["a-ctr", "b-cbc"]
    assert parsed["acceptenv"] == ["LANG"]
    assert parsed["permitrootlogin"] == "without-password"


def test_pam_follows_includes_in_order() -> None:
    sshd = parser("pam")(PAM, {})["sshd"]
    assert [entry["module"] for entry in sshd["auth"]] == [
        "pam_unix.so",
        "pam_deny.so",
        "pam_faillock.so",
        "pam_fprintd.so",
    ]
    assert sshd["auth"][0]["args"] == {"nullok": "", "try_first_pass": ""}
    assert sshd["auth"][0]["control"] == "[success=1 default=ignore]"
    assert sshd["auth"][2]["args"] == {"preauth": "", "deny": "5", "unlock_time": "900"}
    assert sshd["auth"][2]["file"] == "password-auth"
    assert sshd["session"][0]["args"] == {"command": "/bin/true a b"}


def test_pam_says_which_include_is_missing() -> None:
    entry = parser("pam")(PAM, {})["sshd"]["account"][0]
    assert (entry["control"], entry["module"]) == ("missing", "system-account")
