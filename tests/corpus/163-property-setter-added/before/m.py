class A:
    _n = 1

    @property
    def x(self):
        return self._n
