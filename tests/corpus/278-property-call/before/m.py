class A:
    def _get(self):
        return "old"

    x = property(_get)
