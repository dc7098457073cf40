"""Messages: filled, translated late, and the same after a trip through JSON."""

from pydantic import TypeAdapter

from sec_ops.model.audit import Reason
from sec_ops.model.messages import message
from sec_ops.model.values import Text


def test_values_from_outside_are_made_printable() -> None:
    assert str(message("host {host} said {what}", host="a\x1b[0m", what="{host}")) == "host a\\x1b[0m said {host}"


def test_a_message_inside_another_is_translated_too() -> None:
    chinese = {"why: {why}": "CAUSE {why}", "too slow": "SLOW"}
    assert message("why: {why}", why=message("too slow")).render(lambda text: chinese[text]) == "CAUSE SLOW"


def test_it_survives_json_with_what_is_nested_in_it() -> None:
    adapter: TypeAdapter[Reason] = TypeAdapter(Reason)
    nested = message("{first}; {rest}", first=message("a {n}", n=1), rest=message("{x}; {y}", x=message("b"), y="c"))
    assert adapter.validate_json(adapter.dump_json(nested)) == nested
    text = Text(zh="一", en="one")
    assert adapter.validate_json(adapter.dump_json(text)) == text
