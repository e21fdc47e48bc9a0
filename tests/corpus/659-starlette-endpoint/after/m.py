from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.responses import JSONResponse
from starlette.routing import Route


async def items(request):
    return JSONResponse("new")


class Cls(HTTPEndpoint):
    async def get(self, request):
        return JSONResponse("GOT")


app = Starlette(routes=[Route("/items", items), Route("/cls", Cls)])
