class A:
    def __repr__(self):
        return f"<A {len(ITEMS)}>"


ITEMS = [A()]
