from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route


async def items(request):
    return JSONResponse("old")


ROUTES = [Route("/items", items)]
app = Starlette(routes=ROUTES)
