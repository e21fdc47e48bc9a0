from mid import Mid


class Leaf(Mid):
    def leaf(self):
        return 'leaf ' + self.mid()


leaf = Leaf()
