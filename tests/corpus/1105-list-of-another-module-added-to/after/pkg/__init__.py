from pkg.common import ITEMS as common
from pkg.core import ITEMS as core_items

core_items += common
