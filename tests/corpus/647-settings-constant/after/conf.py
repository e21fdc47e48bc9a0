PREFIX = '/rest'
LIMIT = 2
