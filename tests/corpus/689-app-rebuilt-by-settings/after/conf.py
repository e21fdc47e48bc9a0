TITLE = 'b'
ORIGIN = 'http://b'
PATH = '/q'
