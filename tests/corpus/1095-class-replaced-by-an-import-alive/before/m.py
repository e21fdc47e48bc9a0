class Result:
    """Ours."""

    def text(self):
        return "ours"


def make():
    return Result().text()
