"""Click groups and Typer apps follow edits in place."""

from __future__ import annotations

import pytest

pytest.importorskip("click")

from click.testing import CliRunner

from tests.unit.adapters_driver import Driven, fresh

CLI = '''
import click

@click.group()
@click.option("--loud", is_flag=True)
def cli(loud):
    """All."""

@cli.command()
@click.argument("name")
def hello(name):
    """Say hello."""
    click.echo(f"hello {name}")

@cli.command("bye")
def goodbye():
    click.echo("bye")

@cli.group()
def sub(): pass

@sub.command()
def deep():
    click.echo("deep")

cli.add_command(deep, "shallow")
'''


def edited(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


RUNS = (
    ["--help"],
    ["hello", "x"],
    ["hello", "x", "--n", "2"],
    ["bye"],
    ["later"],
    ["sub", "deep"],
    ["shallow"],
    ["--quiet", "bye"],
)


def results(cli: object) -> list[object]:
    found = []
    for arguments in RUNS:
        result = CliRunner().invoke(cli, arguments)  # type: ignore[arg-type]
        found.append((arguments, result.exit_code, result.output))
    return found


CLICK_EDITS = {
    "option": edited(
        CLI,
        (
            '@click.argument("name")\ndef hello(name):',
            '@click.argument("name")\n@click.option("--n", default=1)\ndef hello(name, n):',
        ),
    ),
    "docstring": edited(CLI, ("Say hello.", "Greet.")),
    "renamed": edited(CLI, ('"bye"', '"later"')),
    "removed": edited(CLI, ('@cli.command("bye")\ndef goodbye():\n    click.echo("bye")\n', "")),
    "added": CLI + '\n@cli.command()\ndef later():\n    click.echo("later")\n',
    "nested": edited(
        CLI, ('click.echo("deep")', 'click.echo("deeper")'), ("def deep():", "def deep(*_):")
    ),
    "group option": edited(CLI, ("--loud", "--quiet"), ("def cli(loud)", "def cli(quiet)")),
}


@pytest.mark.parametrize("kind", CLICK_EDITS)
def test_click(kind: str) -> None:
    """Compared with a fresh import, there and back; commands keep their identity."""
    live = Driven(CLI)
    cli, hello = live.cli, live.hello
    for source in (CLICK_EDITS[kind], CLI, CLICK_EDITS[kind]):
        live.edit(source)
        assert live.cli is cli
        assert live.hello is hello
        assert cli.commands["hello"] is hello
        assert results(cli) == results(fresh(source, live.module.__name__).cli)


def test_click_roll_back() -> None:
    live = Driven(CLI)
    was = results(live.cli)
    with pytest.raises(ZeroDivisionError):
        live.edit(CLICK_EDITS["renamed"] + "\n1 / 0\n")
    assert results(live.cli) == was


TYPER = '''
import typer

cli = typer.Typer()
sub = typer.Typer()

@cli.callback()
def main(loud: bool = False):
    """All."""

@cli.command()
def hello(name: str):
    """Say hello."""
    typer.echo(f"hello {name}")

@cli.command("bye")
def goodbye():
    typer.echo("bye")

@sub.command()
def deep():
    typer.echo("deep")

@sub.command()
def deeper():
    typer.echo("deeper")

cli.add_typer(sub, name="sub")
'''

TYPER_EDITS = {
    "option": edited(TYPER, ("name: str", "name: str, n: int = 1")),
    "docstring": edited(TYPER, ("Say hello.", "Greet.")),
    "renamed": edited(TYPER, ('"bye"', '"later"')),
    "moved": edited(
        TYPER,
        ('@cli.command("bye")\ndef goodbye():\n    typer.echo("bye")\n', ""),
        (
            "@cli.command()\ndef hello",
            '@cli.command("bye")\ndef goodbye():\n    typer.echo("bye")\n\n@cli.command()\ndef hello',
        ),
    ),
    "callback": edited(TYPER, ("loud: bool = False", "quiet: bool = False")),
    "sub removed": edited(TYPER, ('cli.add_typer(sub, name="sub")\n', "")),
    "sub command": edited(
        TYPER, ('typer.echo("deep")', 'typer.echo("DEEP")'), ("def deep()", "def deep(x: int = 1)")
    ),
    "help": edited(TYPER, ("cli = typer.Typer()", 'cli = typer.Typer(help="Help.")')),
}


@pytest.mark.parametrize("kind", TYPER_EDITS)
def test_typer(kind: str) -> None:
    """Compared with a fresh import, there and back."""
    typer = pytest.importorskip("typer")
    live = Driven(TYPER)
    cli = live.cli
    for source in (TYPER_EDITS[kind], TYPER, TYPER_EDITS[kind]):
        live.edit(source)
        assert live.cli is cli
        want = fresh(source, live.module.__name__).cli
        assert results(typer.main.get_command(cli)) == results(typer.main.get_command(want))
