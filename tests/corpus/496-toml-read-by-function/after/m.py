from conf import CONF

NAME = CONF['name']
