from dataclasses import fields

import models
from models import Point, User

BASES = [cls.__name__ for cls in User.mro()]
LINE = User.__mro__[1].__name__
CAN_BAN = hasattr(User, "ban")
LIMIT = getattr(User, "limit")
MORE = models.User.limit + 1
COLUMNS = len(fields(Point))
PUBLIC = [name for name in vars(User) if not name.startswith("_")]
