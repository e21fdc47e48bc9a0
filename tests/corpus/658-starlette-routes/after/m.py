from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route


async def items(request):
    return JSONResponse("old")


async def more(request):
    return JSONResponse('more')


ROUTES = [Route("/items", items), Route("/more", more)]
app = Starlette(routes=ROUTES)
