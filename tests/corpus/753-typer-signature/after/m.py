import typer

app = typer.Typer()


@app.command()
def hello(name: str = "bob", times: int = 1):
    """Say hello."""
    print(f"hello {name}" * times)


@app.command()
def bye():
    print("bye")
