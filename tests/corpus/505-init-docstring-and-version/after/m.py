import pkg

AGENT = 'pkg/' + pkg.__version__
