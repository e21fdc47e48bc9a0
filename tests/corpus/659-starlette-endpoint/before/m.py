from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.responses import JSONResponse
from starlette.routing import Route


async def items(request):
    return JSONResponse("old")


class Cls(HTTPEndpoint):
    async def get(self, request):
        return JSONResponse("got")


app = Starlette(routes=[Route("/items", items), Route("/cls", Cls)])
