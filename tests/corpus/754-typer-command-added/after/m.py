import typer

app = typer.Typer()


@app.command()
def hello(name: str = "ann"):
    """Say hello."""
    print(f"hello {name}")


@app.command()
def more():
    print("more")


@app.command()
def bye():
    print("bye")
