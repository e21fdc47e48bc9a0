from base import Base, Other


class Mid(Base):
    def mid(self):
        return 'mid ' + self.who()
