"""Click commands and groups, and Typer apps, follow edits in place."""

# ruff: noqa: ARG002 -- the protocol's signatures

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hotswap.live.adapters import entries
from hotswap.live.adapters.base import Adapter
from hotswap.live.adapters.entries import Shelf
from hotswap.live.adapters.identity import remember, share, stand_in, take

if TYPE_CHECKING:
    from hotswap.live.adapters.base import Ran
    from hotswap.live.adapters.entries import Key
    from hotswap.live.journal import Journal


def callback_key(entry: Any) -> Key:
    """Say which definition a command, or Typer's record of one, runs."""
    callback = vars(entry).get("callback")
    return entries.made_by(callback) if callback is not None else None


class CommandAdapter(Adapter):
    """What Click's and Typer's adapters share."""

    def adopt(self, old: Any, new: Any, token: Any, journal: Journal) -> None:
        """Let the live command be what the decorator made of the new definition, wherever it was put."""
        remember(vars(old), journal)
        take(old, new, state=self.state)
        share(old, new)
        stand_in(old, new, journal)


@dataclass(frozen=True, slots=True)
class _Commands:
    commands: dict[str, Any]
    prepared: set[tuple[str, str]] = field(default_factory=set)


class ClickAdapter(CommandAdapter):
    """A command is bound, and put into its group, by one decorated definition."""

    module = "click.core"

    def __init__(self) -> None:
        import click

        # up to 8.1 Command is derived from it; later asking for it warns
        self._types = (vars(click).get("BaseCommand", click.Command), click.Command)

    def owns(self, obj: object) -> bool:
        """Say whether `obj` is a command or a group."""
        return issubclass(type(obj), self._types)

    def checkpoint(self, obj: Any, journal: Journal) -> _Commands:
        """Remember the command, and the commands of a group."""
        remember(vars(obj), journal)
        commands = vars(obj).get("commands", {})
        remember(commands, journal)
        return _Commands(dict(commands))

    def in_place(self, obj: Any, token: _Commands, ran: Ran) -> bool:
        """Take the changed definitions' commands out; running them puts them in again, by their new names."""
        gone = {(ran.module, name) for name in (*ran.ran, *ran.removed)} - token.prepared
        token.prepared.update(gone)
        commands = vars(obj).get("commands", {})
        for name in [name for name, command in commands.items() if callback_key(command) in gone]:
            del commands[name]
        return True

    def reset(self, obj: Any) -> None:
        """Leave a group without commands."""
        vars(obj).get("commands", {}).clear()

    def settle(self, obj: Any, token: _Commands, ran: Ran) -> bool:
        """Keep the order of commands: some groups list them as they were added."""
        commands = vars(obj).get("commands", {})
        if not ran.replayed:
            rank = {name: place for place, name in enumerate(ran.order) if name}
            place = {name: index for index, name in enumerate(token.commands)}

            def position(name: str) -> tuple[int, int]:
                key = callback_key(commands[name])
                mine = rank.get(key[1], -1) if key is not None and key[0] == ran.module else -1
                return (place.get(name, len(place)), mine)

            ordered = {name: commands[name] for name in sorted(commands, key=position)}
            commands.clear()
            commands.update(ordered)
        return list(commands) != list(token.commands)


@dataclass(frozen=True, slots=True)
class _Registered:
    commands: list[Any]
    ids: list[int]
    groups: list[Any]
    callback: Any


class TyperAdapter(CommandAdapter):
    """A Typer app lists the functions that are its commands; Click's objects are made of them at each call."""

    module = "typer.main"

    def __init__(self) -> None:
        import typer

        self._types = (typer.Typer,)

    def owns(self, obj: object) -> bool:
        """Say whether `obj` is a Typer app."""
        return issubclass(type(obj), self._types)

    def _shelf(self, obj: Any) -> Shelf:
        return Shelf(vars(obj)["registered_commands"], callback_key)

    def checkpoint(self, obj: Any, journal: Journal) -> _Registered:
        """Remember the app's lists."""
        remember(vars(obj), journal)
        own = vars(obj)
        for name in ("registered_commands", "registered_groups"):
            journal.content(own[name])
        return _Registered(
            list(own["registered_commands"]),
            [id(command) for command in own["registered_commands"]],
            list(own["registered_groups"]),
            own["registered_callback"],
        )

    def in_place(self, obj: Any, token: _Registered, ran: Ran) -> bool:
        """Say whether the changed commands find their places; a changed callback makes room."""
        if not entries.fits([(self._shelf(obj), token.commands)], ran):
            return False
        gone = {(ran.module, name) for name in (*ran.ran, *ran.removed)}
        if token.callback is not None and callback_key(token.callback) in gone:
            vars(obj)["registered_callback"] = None
        return True

    def reset(self, obj: Any) -> None:
        """Leave the app without commands."""
        own = vars(obj)
        own["registered_commands"][:] = []
        own["registered_groups"][:] = []
        own["registered_callback"] = None

    def settle(self, obj: Any, token: _Registered, ran: Ran) -> bool:
        """Put the commands in file order: the help lists them so."""
        shelf = self._shelf(obj)
        if not ran.replayed:
            entries.arrange(shelf, token.commands, ran)
        now = vars(obj)
        return (
            [id(c) for c in shelf.entries] != token.ids
            or [id(g) for g in now["registered_groups"]] != [id(g) for g in token.groups]
            or now["registered_callback"] is not token.callback
        )
