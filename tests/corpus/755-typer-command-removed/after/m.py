import typer

app = typer.Typer()


@app.command()
def third():
    print("third")


@app.command()
def bye():
    print("bye")
