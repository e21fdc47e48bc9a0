class Outer:
    class Meta:
        order = "a"

    def order(self):
        return self.Meta.order
