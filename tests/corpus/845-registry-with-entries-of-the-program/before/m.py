COMMANDS = {}
COMMANDS["hits"] = 0
COMMANDS["old"] = 1
