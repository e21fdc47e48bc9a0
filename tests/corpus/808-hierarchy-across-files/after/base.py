class Base:
    def who(self):
        return 'BASE'


class Other(Base):
    def who(self):
        return 'OTHER ' + super().who()
