LOG = []
LOG.append("start")
LIMIT = 1
