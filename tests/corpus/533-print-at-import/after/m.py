LOG = []


def say(x):
    LOG.append(x)


say("one")
print("started")
X = 2
