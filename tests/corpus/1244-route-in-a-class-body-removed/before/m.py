from fastapi import FastAPI

app = FastAPI()


class Views:
    @app.get('/ping')
    @staticmethod
    def ping():
        return 'pong'


@app.get('/items')
def items():
    return 1
