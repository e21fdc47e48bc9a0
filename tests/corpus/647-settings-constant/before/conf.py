PREFIX = '/api'
LIMIT = 1
