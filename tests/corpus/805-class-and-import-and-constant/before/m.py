import os

# a comment
LIMIT = 1
users = []


def unused():
    return os.sep


class Room:
    size = LIMIT

    def say(self):
        return "old"


room = Room()
