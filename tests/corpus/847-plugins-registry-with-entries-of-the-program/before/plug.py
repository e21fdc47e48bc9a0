from hub import hub


@hub.command("hello")
def hello():
    """Say it."""


@hub.command("bye")
def bye(): ...
