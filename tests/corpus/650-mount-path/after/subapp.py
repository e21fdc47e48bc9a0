from fastapi import FastAPI

sub = FastAPI()


@sub.get('/x')
def x():
    return 'x'
