"""Values of JSON as the texts that Windows' own XML would hold."""

import orjson

__all__ = ["plain", "textual"]


def textual(value: object) -> object:
    """Return the text of a value: `true`, `4624`; texts of a list's elements; JSON of a map."""
    return [plain(each) for each in value if each is not None] if isinstance(value, list) else plain(value)


def plain(value: object) -> str:
    """Return one text of any value, empty of none; JSON of maps and lists."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return orjson.dumps(value).decode()
    return "" if value is None else str(value)
