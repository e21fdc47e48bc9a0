from fastapi import FastAPI

sub = FastAPI()


@sub.get('/y')
def y():
    return 'y'


@sub.get('/x')
def x():
    return 'x'
