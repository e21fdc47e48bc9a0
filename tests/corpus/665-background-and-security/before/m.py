from fastapi import BackgroundTasks, FastAPI, Security
from fastapi.security import APIKeyHeader

app = FastAPI()
key = APIKeyHeader(name='x-key')
DONE = []


def note(n):
    DONE.append(n)


def who(k: str = Security(key)):
    return k + 'ann'


@app.get('/items')
def items(tasks: BackgroundTasks, u: str = Security(who)):
    tasks.add_task(note, 1)
    return u
