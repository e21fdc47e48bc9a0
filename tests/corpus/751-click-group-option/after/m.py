import click


@click.group()
def cli():
    """Better tools."""
    click.echo("group")


@cli.command()
@click.option("--name", default="ann", help="Who.")
def hello(name):
    """Say hello."""
    click.echo(f"hello {name}")


@cli.command()
def bye():
    click.echo("bye")
