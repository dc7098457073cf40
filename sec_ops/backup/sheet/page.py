"""The sheet as one HTML file for printing, which needs nothing else; Chinese first, then English."""

import html
from collections.abc import Iterator

from sec_ops.backup.by_hand import Step
from sec_ops.backup.sheet.values import Block, Row, Sheet
from sec_ops.backup.sheet.wording import HEADING, OPEN_POINTS, PROMISE, both
from sec_ops.model.messages import Message
from sec_ops.model.values import Text

__all__ = ["printed_sheet"]


def printed_sheet(sheet: Sheet) -> bytes:
    """Return the page."""
    body = "\n".join(_body(sheet))
    return _PAGE.format(title=html.escape(both(HEADING).zh), body=body).encode()


def _body(sheet: Sheet) -> Iterator[str]:
    yield f"<h1>{_spoken(HEADING)}</h1>"
    yield f"<p>{_spoken(sheet.site)} · {_spoken(sheet.made)} · {_spoken(sheet.tool)}</p>"
    yield f"<p><strong>{_spoken(PROMISE)}</strong></p>"
    if sheet.open_points:
        points = "".join(f"<li>{_spoken(each)}</li>" for each in sheet.open_points)
        yield f'<div class="open"><p>{_spoken(OPEN_POINTS)}</p><ul>{points}</ul></div>'
    for block in sheet.blocks:
        yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    yield f"<h{block.level}>{_spoken(block.title)}</h{block.level}>"
    if block.rows:
        yield f"<table>{''.join(_row(each) for each in block.rows)}</table>"
    for step in block.steps:
        yield from _step(step)


def _row(row: Row) -> str:
    return f"<tr><th>{_spoken(row.name)}</th><td>{_spoken(row.value)}</td></tr>"


def _step(step: Step) -> Iterator[str]:
    yield f"<p>{_spoken(step.what)}</p>"
    yield from (f'<pre class="command">{html.escape(each)}</pre>' for each in step.commands)


def _spoken(text: Message | Text | str) -> str:
    told = both(text)
    english = f' <span lang="en">{html.escape(told.en)}</span>' if told.en != told.zh else ""
    return f"{html.escape(told.zh)}{english}"


_PAGE = """<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>@page{{margin:1.5cm}}body{{font:11pt serif;max-width:18cm;margin:auto}}
th{{text-align:left;padding-right:1em;font-weight:normal;vertical-align:top}}td{{font-family:monospace;word-break:break-all}}
pre.command{{border-left:3px solid;margin:.3em 0;padding:.2em .6em;white-space:pre-wrap;word-break:break-all}}
h2{{border-bottom:1px solid;break-after:avoid}}h3{{break-after:avoid}}p{{break-after:auto}}
.open{{border:2px solid;padding:.4em .8em}}[lang=en]{{color:#444;font-size:88%}}</style></head>
<body>
{body}
</body></html>
"""
