class Url:
    """An address of a page."""

    def go(self):
        return "new"
