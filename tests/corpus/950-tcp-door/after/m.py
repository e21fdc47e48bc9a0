async def door(reader, writer):
    count = 0
    words = []
    try:
        while line := await reader.readline():
            count += 1
            words += line.split()
            writer.write(b"new %d %d %s" % (count > 1, words != [], line))
            await writer.drain()
    finally:
        writer.close()
