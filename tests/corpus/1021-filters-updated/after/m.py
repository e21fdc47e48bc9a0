from fastapi.templating import Jinja2Templates
from filters import FILTERS, VERSION

templates = Jinja2Templates(directory="templates")
templates.env.filters.update(FILTERS)
templates.env.globals.update(version=VERSION)
