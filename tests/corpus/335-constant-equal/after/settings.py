LIMIT = 5 * 2
