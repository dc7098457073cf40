"""Our verdicts beside those of lynis and OpenSCAP on the same hosts: each difference has its reason.

`SEC_OPS_RECORD=1` writes down what was seen and makes the page anew.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sec_ops.content.kinds import CHECKS
from sec_ops.content.library import Library
from tests.integration.comparing import (
    BULLSEYE,
    TOOLS,
    Answered,
    Comparison,
    Row,
    agree,
    lynis,
    mend,
    openscap,
    openscap_layer,
)
from tests.integration.comparison_page import PAGE, RECORD, Seen, page
from tests.integration.proving import Prover
from tests.integration.ssh_controller import Controller
from tests.testbed import Bed, Host, HostPlan

MAPPING = Comparison.load()
FEWEST = 30


def judged(bed: Bed, hosts: Sequence[Host], rows: Iterable[Row], reports: Sequence[Callable[[Row], Answered]]) -> None:
    """Compare on the host as installed and on the mended one, record it, and tell every difference unexplained."""
    prover = Prover(Controller(bed))
    checks = sorted({row.check for row in rows})
    ours = [prover.judge_all(checks, host) for host in hosts]
    seen = [
        Seen(
            row=row,
            ours=tuple(judgements[row.check].verdict for judgements in ours),
            theirs=tuple(report(row) for report in reports),
        )
        for row in rows
    ]
    record(seen)
    differing = {each.row for each in seen if not all(map(agree, each.ours, each.theirs))}
    explained = {row for row in rows if row.reason}
    assert [
        f"{each.row.check} {each.row.test}: {each.ours} {each.theirs}"
        for each in seen
        if each.row in differing - explained
    ] == []
    assert [f"{row.check} {row.test}: they agree, strike the reason" for row in explained - differing] == []


def record(seen: Sequence[Seen]) -> None:
    if os.environ.get("SEC_OPS_RECORD") == "1":
        recorded = json.loads(RECORD.read_text()) if RECORD.exists() else {}
        recorded |= {each.key: each.document() for each in seen}
        RECORD.write_text(json.dumps(recorded, indent=0, sort_keys=True) + "\n")
        PAGE.write_text(page(MAPPING, recorded))


@pytest.mark.heavy
@pytest.mark.integration
def test_differences_from_lynis_have_their_reasons(bed: Bed) -> None:
    with Bed.create(root=TOOLS) as debian12, ThreadPoolExecutor(2) as pool:
        hosts = debian12.up(2)
        mend(hosts[1], [row.check for row in MAPPING.lynis], MAPPING.harden)
        judged(debian12, hosts, MAPPING.lynis, list(pool.map(lynis, hosts)))


@pytest.mark.heavy
@pytest.mark.integration
def test_differences_from_openscap_have_their_reasons(bed: Bed) -> None:
    layer = openscap_layer()
    try:
        with Bed.create(root=BULLSEYE) as debian11:
            hosts = debian11.up(2, plan=HostPlan(layers=(layer,)))
            mend(hosts[1], [row.check for row in MAPPING.openscap], MAPPING.harden)
            rules = [row.test for row in MAPPING.openscap]
            judged(debian11, hosts, MAPPING.openscap, [openscap(host, rules) for host in hosts])
    finally:
        shutil.rmtree(layer)


@pytest.mark.heavy
@pytest.mark.integration
def test_a_run_with_nothing_applicable_is_no_comparison(bed: Bed) -> None:
    layer = openscap_layer()
    try:
        with Bed.create(root=TOOLS) as debian12:
            (host,) = debian12.up(1, plan=HostPlan(layers=(layer,)))
            with pytest.raises(AssertionError, match="nothing is applicable"):
                openscap(host, ["no_empty_passwords", "sshd_disable_root_login"])
    finally:
        shutil.rmtree(layer)


def test_the_mapping_speaks_of_checks_that_exist() -> None:
    rows = [*MAPPING.lynis, *MAPPING.openscap]
    assert {row.check for row in rows} <= Library.open(None).objects(CHECKS).keys()
    assert min(len(MAPPING.lynis), len(MAPPING.openscap)) >= FEWEST
    assert len({(row.check, row.test, row.about) for row in rows}) == len(rows)


def test_the_page_is_made_of_the_mapping_and_the_record() -> None:
    assert PAGE.read_text() == page(MAPPING, json.loads(RECORD.read_text())), (
        f"SEC_OPS_RECORD=1 makes {Path(PAGE).name}"
    )
