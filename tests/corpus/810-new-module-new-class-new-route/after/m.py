from fastapi import FastAPI

from orders import Order, router

app = FastAPI()


@app.get('/items')
def items() -> Order:
    return Order(n=1)


app.include_router(router, prefix='/orders')
