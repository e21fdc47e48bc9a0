from clockwork import Scheduler

scheduler = Scheduler()


@scheduler.every(seconds=2)
def tick():
    return "tick"


@scheduler.every(seconds=3)
def tock():
    return "tock"


def main():
    scheduler.start()
    return scheduler.plan()
