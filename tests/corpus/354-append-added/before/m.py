PLUGINS = []
PLUGINS.append("a")
