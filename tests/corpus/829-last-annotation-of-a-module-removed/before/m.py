limit: int
limit = 3
