import json
import os

# another comment
LIMIT = 2
users = []


class Room:
    size = LIMIT
    topic = "t"

    def say(self):
        return json.dumps([self.size, self.topic])

    def sep(self):
        return os.sep


room = Room()
