from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor(1)


def job(n):
    return n


def go(n):
    return pool.submit(job, n).result(10)
