import socket

HOST = "127.0.0.1"
sock = socket.socket()
sock.bind((HOST, 0))
sock.listen(1)
