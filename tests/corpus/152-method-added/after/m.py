class Room:
    limit = 3

    def __init__(self, name):
        self.name = name
        self.people = []

    def join(self, who):
        self.people.append(who)
        return len(self.people)

    def title(self):
        return self.name

    def leave(self, who):
        self.people.remove(who)
