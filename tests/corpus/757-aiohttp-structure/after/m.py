from aiohttp import web

routes = web.RouteTableDef()


@routes.get("/things")
async def items(request):
    return web.json_response("old")


def make():
    app = web.Application()
    app.add_routes(routes)
    return app


app = make()
