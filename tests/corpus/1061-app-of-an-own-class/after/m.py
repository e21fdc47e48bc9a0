from fastapi import FastAPI


class Shop(FastAPI):
    def __init__(self):
        super().__init__(title="Shop")
        self.add_api_route("/things", self.every)

    def every(self):
        return ["one"]


app = Shop()
