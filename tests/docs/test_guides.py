"""The commands of the how-to guides, run in the order they stand, in a site that has what they take for granted."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import ROOT, fenced
from tests.docs.running import run, typed

GUIDES = ROOT / "docs" / "how-to"
UNIT = "units: [{id: qinglan, name: {zh: 青岚市教育局, en: Qinglan}, kind: city}]\n"
JUDGED = (0, 1, 3)
"""How an audit of this machine may end."""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    assert run("sec-ops init site", tmp_path).returncode == 0
    (folder / "inventory" / "sites").mkdir()
    (folder / "inventory" / "sites" / "city.yml").write_text(UNIT, encoding="utf-8")
    return folder


def follow(guide: str, site: Path) -> None:
    for line in typed(GUIDES / guide):
        done = run(line, site)
        allowed = JUDGED if "audit run" in line else (0,)
        assert done.returncode in allowed, f"{line}: exit {done.returncode}\n{done.stdout}{done.stderr}"


def make_keys(site: Path) -> None:
    for name in ("chen_old", "chen_new"):
        assert run(f"ssh-keygen -q -t ed25519 -N '' -f {name}", site).returncode == 0
    made = run(
        "mkdir -m 700 .ssh && ssh-keygen -q -t ed25519 -N '' -f .ssh/id_ed25519 && cp .ssh/id_ed25519.pub zhou.pub",
        site,
    )
    assert made.returncode == 0


def test_accounts_then_changed_content(site: Path) -> None:
    make_keys(site)
    follow("accounts-and-approvals.md", site)
    guide = GUIDES / "change-shipped-content.md"
    for number, (words, text) in enumerate(fenced(guide, "yaml")):
        kind = words.partition(" ")[0]
        name = yaml.safe_load(text).get("id", f"change-{number}")
        file = site / "rules" / "graded_protection" / kind / "linux" / f"{name}.yml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert run("sec-ops audit run --local", site).returncode == 4, "an unapproved probe ran"
    follow(guide.name, site)
    listed = run("sec-ops content list checks", site).stdout
    assert len(re.findall(r"site patch", listed)) == 2
    assert run("sec-ops audit run --local", site).returncode in JUDGED


def test_evidence_is_kept_and_verified(site: Path) -> None:
    assert run("sec-ops audit run --local", site).returncode in JUDGED
    follow("keep-and-verify-evidence.md", site)
    assert run("sec-ops evidence verify", site).returncode == 3
    assert run("sec-ops audit run --from latest", site).returncode in JUDGED
    again = run("sec-ops evidence bundle --run latest --output again.evz --json", site).stdout
    assert json.loads(again)["blobs"] > 1, "a run that judged past facts again brings them along"


def test_a_torn_tail_is_told(site: Path) -> None:
    log = site / "var" / "evidence" / "log" / "000000.jsonl"
    with log.open("ab") as stream:
        stream.write(b'{"torn')
    assert run("sec-ops evidence checkpoint", site).returncode == 0
    told = run("sec-ops evidence list --kind log.", site).stdout
    assert "log.recovered/1" in told
    assert run("sec-ops evidence verify", site).returncode == 3
    assert list((site / "var" / "evidence" / "torn").iterdir())


def test_a_changed_entry_is_a_fault_with_its_place(site: Path) -> None:
    log = site / "var" / "evidence" / "log" / "000000.jsonl"
    log.write_bytes(log.read_bytes().replace(b"site.created/1", b"site.creatfd/1", 1))
    changed = log.read_bytes()
    done = run("sec-ops evidence verify --all-signatures --json", site)
    assert done.returncode == 6
    assert '"where"' in done.stdout
    assert log.read_bytes() == changed


def test_a_school_that_cannot_be_reached(site: Path) -> None:
    commands = typed(GUIDES / "audit-an-unreachable-school.md")
    assert run(commands[0], site).returncode == 0
    assert run("mkdir stick && sh collector.sh > stick/app-1.facts", site).returncode in (0, 1)
    app, db = site / "stick" / "app-1.facts", site / "stick" / "db-1.facts"
    first, _, rest = app.read_bytes().partition(b"\n")
    assert first.split()[6 - 1] == b"yunting-2026-11"
    db.write_bytes(first.rpartition(b" ")[0] + b" db-1\n" + rest)
    for line in commands[1:]:
        assert run(line, site).returncode in JUDGED, line
    shown = run("sec-ops audit show latest --json", site).stdout
    assert '"self_reported"' in shown
    assert '"verdict": "compliant"' not in re.sub(r'"findings": \[.*?\]', "", shown, flags=re.DOTALL)


def test_a_rule_of_the_site_passes_its_cases(site: Path) -> None:
    guide = GUIDES / "write-a-detection-rule.md"
    (_, rule), (_, placeholders), (_, cases) = fenced(guide, "yaml")
    folder = site / "rules" / "detection"
    (folder / "local").mkdir(parents=True)
    (folder / "local" / "leaver-logs-in.yml").write_text(rule, encoding="utf-8")
    (folder / "local" / "leaver-logs-in.cases.yml").write_text(cases, encoding="utf-8")
    (folder / "placeholders.yml").write_text(placeholders, encoding="utf-8")
    follow(guide.name, site)
    assert (site / "results.xml").is_file()


def test_the_guide_on_drills_tells_the_same_in_both_languages() -> None:
    """What is typed is run from the English page, by an integration test."""
    english, chinese = GUIDES / "drill.md", GUIDES / "drill.zh.md"
    assert typed(english) == typed(chinese)
    for language in ("yaml", "bash", "text"):
        assert list(fenced(english, language)) == list(fenced(chinese, language))
