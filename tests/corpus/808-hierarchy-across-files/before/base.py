class Base:
    def who(self):
        return 'base'


class Other(Base):
    def who(self):
        return 'other'
