"""What is said of logs that could not be read."""

import pytest

from sec_ops.model.errors import TransportError
from sec_ops.model.messages import message
from sec_ops.siem.collect.words import fault_text


@pytest.mark.parametrize("kind", TransportError.__subclasses__())
def test_every_failure_of_a_visit_has_words(kind: type[TransportError]) -> None:
    word = kind(message("x")).name
    assert word not in str(fault_text(word))
