class Job:
    from enum import Enum

    class State(Enum):
        NEW = 1
        DONE = 2

    def __init__(self):
        self.state = Job.State.NEW
