from hub import hub


@hub.command("greet")
def hello():
    """Say it."""
