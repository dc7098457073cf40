"""The course of PAM stacks, as libpam goes it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.compliance.pam_course import course, refuses
from sec_ops.compliance.parsers import parser

CONTROLS = st.sampled_from(
    ["required", "requisite", "sufficient", "optional", "[success=2 default=ignore]", "[default=die]", "[x=y]", ""]
)


def entries(*lines: str, **files: str) -> list[dict[str, Any]]:
    text = "==> /etc/pam.d/su <==\n" + "\n".join(f"auth {line}" for line in lines) + "\n"
    text += "".join(f"==> /etc/pam.d/{name} <==\n{content}\n" for name, content in files.items())
    found: list[dict[str, Any]] = parser("pam")(text, {})["su"]["auth"]
    return found


def wheel_keeps_out(*lines: str, **files: str) -> bool:
    return refuses(entries(*lines, **files), lambda entry: entry["module"] == "pam_wheel.so")


SYSTEM = "auth sufficient pam_unix.so\nauth required pam_deny.so"


@pytest.mark.parametrize(
    ("lines", "kept_out"),
    [
        (("sufficient pam_rootok.so", "required pam_wheel.so", "required pam_unix.so"), True),
        (("requisite pam_wheel.so", "sufficient pam_unix.so"), True),
        (("[success=ok default=die] pam_wheel.so", "sufficient pam_unix.so"), True),
        (("[success=ok default=ignore] pam_wheel.so", "sufficient pam_unix.so"), False),
        (("sufficient pam_unix.so", "required pam_wheel.so"), False),
        (("[success=1 default=ignore] pam_unix.so", "required pam_wheel.so", "required pam_permit.so"), False),
        (("[success=1 default=ignore] pam_unix.so", "requisite pam_deny.so", "required pam_wheel.so"), True),
        # `done` in an included file ends everything, in a substack only the substack.
        (("include system", "required pam_wheel.so"), False),
        (("substack system", "required pam_wheel.so"), True),
        (("[success=2 default=ignore] pam_unix.so", "substack system", "required pam_wheel.so"), False),
        (("[success=1 default=ignore] pam_unix.so", "substack system", "required pam_wheel.so"), True),
    ],
)
def test_a_refusal_counts_only_where_the_stack_comes_past_it(lines: tuple[str, ...], kept_out: bool) -> None:
    assert wheel_keeps_out(*lines, system=SYSTEM) is kept_out


@given(st.lists(st.tuples(CONTROLS, st.sampled_from(["", "/a:1", "/a:1/b:2", "/a:3"])), max_size=12))
def test_every_stack_comes_to_its_end_and_goes_forward(shape: list[tuple[str, str]]) -> None:
    stack = [{"control": control, "module": "pam_x.so", "args": {}, "within": within} for control, within in shape]
    for answer in (True, False, None):
        asked = course(stack, lambda entry, said=answer: said).asked  # type: ignore[misc]
        assert list(asked) == sorted(set(asked))
