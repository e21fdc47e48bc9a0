from jinja2 import Environment

env = Environment()


def loud(x):
    return x + '!'


env.filters['loud'] = loud
