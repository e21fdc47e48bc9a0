from starlette.applications import Starlette

from urls import ROUTES

app = Starlette(routes=ROUTES)
