from aiohttp import web

routes = web.RouteTableDef()


@routes.get("/items")
async def items(request):
    return web.json_response("new")


def make():
    app = web.Application()
    app.add_routes(routes)
    return app


app = make()
