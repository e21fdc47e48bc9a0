from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor(1)


def job(n):
    return n * 10


def go(n):
    return pool.submit(job, n).result(10)
