NAME = "other"


class Room:
    def say(self):
        return f"room of {NAME}"
