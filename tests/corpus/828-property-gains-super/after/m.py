class Base:
    limit = 10


class Request(Base):
    own = None

    @property
    def limit(self):
        if self.own is not None:
            return self.own
        return super().limit + 1

    @limit.setter
    def limit(self, value):
        self.own = value
