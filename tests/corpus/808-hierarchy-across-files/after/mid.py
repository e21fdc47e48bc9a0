from base import Base, Other


class Mid(Other):
    def mid(self):
        return 'MID ' + self.who()
