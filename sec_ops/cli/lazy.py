"""Groups of commands whose modules are imported only when their word is typed or their help is shown."""

import pkgutil
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

__all__ = ["lazy_group", "noun_of", "verbs_in"]


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


def verbs_in(package: str, folders: Iterable[str]) -> Mapping[str, str]:
    """Return the modules of a package by the verbs they are named after (`import_` is `import`); none is imported."""
    names = [module.name for module in pkgutil.iter_modules(folders) if not module.name.startswith("_")]
    return {name.rstrip("_"): f"{package}.{name}" for name in names}


def noun_of(verbs: Mapping[str, str], about: str) -> typer.Typer:
    """Return the application of a noun with one module a verb; `about` is its help."""
    app = typer.Typer(
        cls=lazy_group(verbs), help=about, no_args_is_help=True, add_completion=False, rich_markup_mode=None
    )

    @app.callback()
    def _noun() -> None:
        """Hold the verbs together."""

    return app
