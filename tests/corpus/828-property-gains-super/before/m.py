class Base:
    limit = 10


class Request(Base):
    own = None

    @property
    def limit(self):
        return 5
