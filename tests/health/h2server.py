#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""h2server.py [CERTIFICATE KEY]: a server of HTTP/2 alone, with a certificate over TLS, else by prior knowledge. Loopback only.

Debian's python3-h2 (so Debian's python3). Says its port, then for each request: ":method :authority :path". Answers "hello over h2".
"""
import socket
import ssl
import sys
import threading

import h2.config
import h2.connection
import h2.events
import h2.exceptions


def serve(client, tls):
    try:
        if tls:
            client = tls.wrap_socket(client, server_side=True)
        talk(client)
    except (OSError, h2.exceptions.ProtocolError):
        pass  # the client has what it wanted, or speaks something else
    finally:
        client.close()


def talk(client):
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
    connection.initiate_connection()
    client.sendall(connection.data_to_send())
    while data := client.recv(65536):
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                headers = dict(event.headers)
                sys.stdout.write(f"{headers[':method']} {headers[':authority']} {headers[':path']}\n")
                sys.stdout.flush()
                connection.send_headers(event.stream_id, [(":status", "200"), ("content-type", "text/plain")])
                connection.send_data(event.stream_id, b"hello over h2", end_stream=True)
        client.sendall(connection.data_to_send())


def main():
    tls = None
    if len(sys.argv) == 3:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(sys.argv[1], sys.argv[2])
        tls.set_alpn_protocols(["h2"])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0], tls), daemon=True).start()


if __name__ == "__main__":
    main()
