import store
from jobs import serve

run = store
