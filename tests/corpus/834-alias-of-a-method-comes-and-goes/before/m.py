class Connect:
    def open(self):
        return "open"

    def start(self):
        return "start"
