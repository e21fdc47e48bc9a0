TITLE = 'a'
ORIGIN = 'http://a'
PATH = '/p'
