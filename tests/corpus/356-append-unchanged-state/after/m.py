LOG = []
LOG.append("start")
LIMIT = 2
