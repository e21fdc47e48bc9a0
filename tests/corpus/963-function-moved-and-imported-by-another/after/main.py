import jobs
import store
import work
from work import serve, size

run = [store, work]
