X = 1


class New:
    def f(self):
        return X
