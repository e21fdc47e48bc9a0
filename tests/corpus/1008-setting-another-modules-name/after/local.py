import config

config.DEBUG = "very"
