"""A result goes to its file and comes back the same; a fleet's file stays small."""

import json

import pytest

from sec_ops.compliance.result_file import from_document, to_document
from sec_ops.model.errors import EvidenceBroken
from tests.unit.reports.sample import finding, reference, sample


def test_it_comes_back_as_it_was() -> None:
    document = json.loads(json.dumps(to_document(sample())))
    assert from_document(document) == sample().model_copy(update={"findings": from_document(document).findings})
    assert [each.model_dump(exclude={"evidence"}) for each in from_document(document).findings] == [
        each.model_dump(exclude={"evidence"}) for each in sample().findings
    ]


def test_hosts_that_say_the_same_share_commands_and_excerpts() -> None:
    many = tuple(
        each.model_copy(update={"evidence": (reference("passwd", "x").model_copy(update={"blob": f"{number:064x}"}),)})
        for number in range(200)
        for each in [finding("linux-ssh-root-login", f"web-{number}", sample().findings[0].verdict)]
    )
    document = to_document(sample().model_copy(update={"findings": many}))
    assert len(document["references"]) == 200
    assert (len(document["commands"]), len(document["excerpts"]), len(document["checks"])) == (1, 1, 1)
    assert from_document(document).findings == many


@pytest.mark.parametrize("spoil", ["checks", "commands", "references", "findings", "hosts"])
def test_a_damaged_file_says_so(spoil: str) -> None:
    document = to_document(sample())
    document[spoil] = type(document[spoil])() if spoil != "findings" else [{"check": "?"}]
    if spoil == "hosts":
        document[spoil] = [{"name": 1}]
    with pytest.raises(EvidenceBroken):
        from_document(document)
