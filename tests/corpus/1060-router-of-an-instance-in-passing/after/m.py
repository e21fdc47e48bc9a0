from fastapi import APIRouter, FastAPI


class Items:
    def __init__(self):
        self.router = APIRouter()
        self.router.add_api_route("/things", self.every)

    def every(self):
        return ["one"]


app = FastAPI()
app.include_router(Items().router)
