# SPDX-License-Identifier: GPL-2.0-or-later
"""gdbstub.py - QEMU's gdb stub, as far as the tests want it: stop and go on,
and write physical memory."""

import socket


class Gdb:
    """A connection; QEMU stops while there is one and it is not continued."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(str(path))
        self.buffer = b""
        assert self.ask("Qqemu.PhyMemMode:1") == "OK"

    def _byte(self):
        if not self.buffer:
            self.buffer = self.sock.recv(65536)
            assert self.buffer, "the gdb stub closed"
        byte, self.buffer = self.buffer[:1], self.buffer[1:]
        return byte

    def _reply(self):
        while self._byte() != b"$":
            pass
        data = b""
        while (byte := self._byte()) != b"#":
            data += byte
        self._byte()
        self._byte()
        self.sock.sendall(b"+")
        return data.decode()

    def _send(self, text):
        data = text.encode()
        self.sock.sendall(b"$" + data + b"#%02x" % (sum(data) & 0xff))

    def ask(self, text):
        self._send(text)
        # Connecting stops the machine, which may be told first.
        while (reply := self._reply()).startswith("T"):
            pass
        return reply

    def write(self, addr, data):
        """To physical memory; translated code there is dropped."""
        assert self.ask(f"M{addr:x},{len(data):x}:{data.hex()}") == "OK"

    def go(self):
        """Continue; nothing is answered until something stops the machine."""
        self._send("c")
