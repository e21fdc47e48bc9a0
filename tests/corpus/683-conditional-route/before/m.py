from fastapi import FastAPI

import conf

app = FastAPI()


@app.get('/items')
def items():
    return 1


if conf.DEBUG:

    @app.get('/debug')
    def debug():
        return 'debug'
