import store
import work
from jobs import serve, size

run = [store, work]
