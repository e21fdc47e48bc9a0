class Outer:
    class Meta:
        order = "b"
        extra = 1

    def order(self):
        return self.Meta.order
