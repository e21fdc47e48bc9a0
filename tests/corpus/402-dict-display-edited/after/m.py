USERS = {"root": 1, "adm": 2}
