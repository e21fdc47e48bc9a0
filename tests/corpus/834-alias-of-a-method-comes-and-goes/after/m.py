class Connect:
    def open(self):
        return "opened"

    start = open
