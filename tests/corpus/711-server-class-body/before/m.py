from fastapi import FastAPI


class Server:
    def __init__(self):
        self.hits = 0
        self.app = FastAPI(title="server")
        self.routes()

    def routes(self):
        @self.app.get("/items")
        def items():
            self.hits += 1
            return "old"

        self.app.add_api_route("/bound", self.bound)

    def bound(self):
        return "bound"


server = Server()
app = server.app
