from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute


class Timed(APIRoute):
    def get_route_handler(self):
        inner = super().get_route_handler()

        async def handler(request):
            response = await inner(request)
            response.headers["x-timed"] = "old"
            return response
        return handler


router = APIRouter()


@router.get("/timed")
def timed():
    return 1


app = FastAPI()


@app.get("/items")
def items():
    return 1


app.include_router(router)
