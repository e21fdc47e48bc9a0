import click


@click.group()
def cli():
    """Tools."""


@cli.command()
@click.option("--name", default="ann", help="Who.")
def hello(name):
    """Say hello."""
    click.echo(f"hello {name}")


@cli.command()
def more():
    click.echo("more")
