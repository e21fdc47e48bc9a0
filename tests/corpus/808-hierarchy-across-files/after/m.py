from mid import Mid


class Leaf(Mid):
    def leaf(self, n=1):
        return 'leaf ' * n + self.mid()


leaf = Leaf()
