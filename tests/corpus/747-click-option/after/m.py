import click


@click.group()
def cli():
    """Tools."""


@cli.command()
@click.option("--name", default="bob", help="Who.")
@click.option("--loud", is_flag=True)
def hello(name, loud):
    """Say hello."""
    click.echo(f"hello {name}" + "!" * loud)


@cli.command()
def bye():
    click.echo("bye")
