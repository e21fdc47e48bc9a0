import views
from views import index

TITLE = index.title
SHOUT = views.index.title.upper()
SLOT = getattr(index, "title", "?")
