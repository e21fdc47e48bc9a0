class Signal:
    def __init__(self):
        self.receivers = []

    def connect(self, receiver):
        self.receivers.append(receiver)

    def send(self):
        return [receiver() for receiver in self.receivers]


saved = Signal()


def on_save():
    return "saved"


def on_audit():
    return "audited"


def set_up():
    saved.connect(on_save)
    saved.connect(on_audit)
