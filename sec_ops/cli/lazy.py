"""Groups of commands whose modules are imported only when their word is typed or their help is shown."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from typer.core import TyperGroup
from typer.main import get_command

__all__ = ["lazy_group"]


def lazy_group(modules: Mapping[str, str]) -> type[TyperGroup]:
    """Return a group of the words named, each the Typer `app` of its module."""

    class LazyGroup(TyperGroup):
        """One module a word."""

        def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - Typer's interface
            return list(modules)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002 - Typer's interface
            if cmd_name not in modules:
                return None
            command = get_command(import_module(modules[cmd_name]).app)
            command.name = cmd_name
            return command

    return LazyGroup
