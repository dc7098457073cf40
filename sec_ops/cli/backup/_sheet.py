"""The restore sheet as the command line works with it."""

import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sec_ops import __version__
from sec_ops.backup.keys.register import KeyRegister
from sec_ops.backup.sheet.building import Material, sheet_of
from sec_ops.backup.sheet.page import printed_sheet
from sec_ops.backup.sheet.plain import plain_sheet
from sec_ops.backup.sheet.values import Block, Sheet
from sec_ops.backup.sheet.wording import both
from sec_ops.cli.backup._planning import load_site
from sec_ops.cli.output import emit
from sec_ops.inventory.loading import load_inventory
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.clock import SystemClock, utc_text
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.files import write_atomically
from sec_ops.runtime.language import gettext as _
from sec_ops.transport.process import run_program

__all__ = ["made_sheet", "show_sheet"]


def show_sheet(named: str | None, form: str, output: Path | None) -> Iterable[Outcome]:
    """Make the sheet and show it, or write it to a file; raises ContentInvalid, StorageError and UsageError."""
    sheet = made_sheet(named)
    text = printed_sheet(sheet).decode() if form == "html" else plain_sheet(sheet)
    if output is not None:
        write_atomically(output, text.encode())
    outcomes = (Outcome.FINDINGS,) if sheet.open_points else ()
    shown = text.rstrip("\n") if output is None else _("written: {file}").format(file=output)
    emit("sec-ops/backup-sheet", _document(sheet, output), outcomes=outcomes, text=lambda: shown)
    return outcomes


def made_sheet(named: str | None) -> Sheet:
    """Return the sheet of a site; raises UsageError when it has no plan, ContentInvalid."""
    room = load_site(named)
    site = room.site
    if site is None or not any(plan.enabled for plan in room.planned.plans.values()):
        raise UsageError(
            message("there is no backup plan"), advice=message("write backup/plans/{system}.yml", system="SYSTEM")
        )
    inventory = load_inventory(site.root, run_program, library=room.library, cache=site.state / "inventory")
    return sheet_of(
        Material(
            planned=room.planned,
            known=KeyRegister(site.var / "backup").read(),
            people=inventory.people,
            hosts=inventory.hosts,
            site=load_configuration(site).name,
            root=site.root,
            machine=socket.gethostname(),
            made=utc_text(SystemClock().now()),
            tool=f"sec-ops {__version__}",
        )
    )


def _document(sheet: Sheet, output: Path | None) -> dict[str, Any]:
    return {
        "made": sheet.made,
        "output": None if output is None else str(output),
        "blocks": [_block(each) for each in sheet.blocks],
        "open_points": [both(each).model_dump() for each in sheet.open_points],
    }


def _block(block: Block) -> dict[str, Any]:
    return {
        "title": both(block.title).model_dump(),
        "level": block.level,
        "rows": [{"name": both(row.name).model_dump(), "value": both(row.value).model_dump()} for row in block.rows],
        "steps": [{"what": both(step.what).model_dump(), "commands": list(step.commands)} for step in block.steps],
    }
