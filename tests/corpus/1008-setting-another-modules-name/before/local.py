import config

config.DEBUG = True
