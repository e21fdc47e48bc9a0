LOG = []


def say(x):
    LOG.append(x)


say("one")
print("starting")
X = 1
