import store
from tasks import serve

run = store
