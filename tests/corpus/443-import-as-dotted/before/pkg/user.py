from . import b as c

W = c.V
