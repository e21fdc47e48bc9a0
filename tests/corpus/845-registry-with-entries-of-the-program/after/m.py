COMMANDS = {}
COMMANDS["hits"] = 0
COMMANDS["new"] = 2
