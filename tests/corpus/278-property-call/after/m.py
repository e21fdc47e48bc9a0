class A:
    def _get(self):
        return "new"

    x = property(_get)
