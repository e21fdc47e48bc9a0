import pkg.b
import pkg.b as c
from pkg import user

X = (pkg.b.V, c.V, user.W)
