class Url:
    """An address."""

    def go(self):
        return "old"
