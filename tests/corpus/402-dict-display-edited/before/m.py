USERS = {"root": 1}
