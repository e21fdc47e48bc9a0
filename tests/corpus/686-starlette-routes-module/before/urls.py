from starlette.responses import JSONResponse
from starlette.routing import Mount, Route


async def items(request):
    return JSONResponse("i")


ROUTES = [Route("/items", items), Mount("/sub", routes=[Route("/x", items)])]
