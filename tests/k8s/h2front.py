#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""h2front.py CERTIFICATE KEY PORT: HTTP/2 over TLS before the stand-in API server, which knows HTTP/1.1 alone.

Debian's python3-h2 (so Debian's python3). Listens on loopback, says its port, then for each request how it came: "h2 GET /path".
Connections that choose HTTP/1.1 are passed through as they are. Answers of HTTP/2 are small here: they fit the first window.
"""
import http.client
import socket
import ssl
import sys
import threading

import h2.config
import h2.connection
import h2.events

CERTIFICATE, KEY, PORT = sys.argv[1], sys.argv[2], int(sys.argv[3])


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")  # one piece: threads say things at once
    sys.stdout.flush()


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            socket.socket.shutdown(end, socket.SHUT_RDWR)
        except OSError:
            pass


def pass_through(client):
    """Each direction is said apart: TLS objects of Python may be read and written by two threads."""
    first = client.recv(65536)
    say("http/1.1", *first.split(b" ", 2)[0].decode().split(), "connection")
    backend = socket.create_connection(("127.0.0.1", PORT))
    backend.sendall(first)
    threading.Thread(target=pump, args=(backend, client), daemon=True).start()
    pump(client, backend)


class Http2:
    def __init__(self, client):
        self.client, self.lock, self.requests = client, threading.Lock(), {}
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.h2.initiate_connection()

    def run(self):
        self.flush()
        while data := self.client.recv(65536):
            with self.lock:
                events = self.h2.receive_data(data)
            for event in events:
                self.take(event)
            self.flush()

    def flush(self):
        with self.lock:
            self.client.sendall(self.h2.data_to_send())

    def take(self, event):
        if isinstance(event, h2.events.RequestReceived):
            self.requests[event.stream_id] = dict(event.headers), bytearray()
        elif isinstance(event, h2.events.DataReceived):
            self.requests[event.stream_id][1].extend(event.data)
            with self.lock:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            threading.Thread(target=self.answer, args=(event.stream_id, *self.requests.pop(event.stream_id)), daemon=True).start()

    def answer(self, stream, headers, body):
        say("h2", headers[":method"], headers[":path"])
        backend = http.client.HTTPConnection("127.0.0.1", PORT)
        try:
            backend.request(headers[":method"], headers[":path"], bytes(body), {k: v for k, v in headers.items() if not k.startswith(":")})
            response = backend.getresponse()
            data = response.read()
        except (OSError, http.client.HTTPException):
            with self.lock:
                self.h2.reset_stream(stream, 2)
            return self.flush()
        kept = [(k.lower(), v) for k, v in response.getheaders() if k.lower() not in ("connection", "transfer-encoding")]
        with self.lock:
            self.h2.send_headers(stream, [(":status", str(response.status)), *kept])
            for at in range(0, len(data), 16384):
                self.h2.send_data(stream, data[at:at + 16384])
            self.h2.end_stream(stream)
        return self.flush()


def serve(connection, context):
    try:
        client = context.wrap_socket(connection, server_side=True)
        if client.selected_alpn_protocol() == "h2":
            Http2(client).run()
        else:
            pass_through(client)
    except OSError:
        pass


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    context.set_alpn_protocols(["h2", "http/1.1"])
    listener = socket.create_server(("127.0.0.1", 0))
    say(listener.getsockname()[1])
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, context), daemon=True).start()


if __name__ == "__main__":
    main()
