LIMIT = 10
HOST = 'a'
