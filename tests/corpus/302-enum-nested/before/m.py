class Job:
    from enum import Enum

    class State(Enum):
        NEW = 1

    def __init__(self):
        self.state = Job.State.NEW
