# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes an archive in the newc format, which the kernel unpacks into the first file system (Documentation/driver-api/early-userspace/buffer-format.rst)."""
import collections
import os
import pathlib
import stat

FOLDER, FILE, LINK = stat.S_IFDIR, stat.S_IFREG, stat.S_IFLNK
Attributes = collections.namedtuple("Attributes", "mode uid gid mtime")


def plain(kind, permissions):
    return Attributes(kind | permissions, 0, 0, 0)


def of_host(path):
    found = os.lstat(path)
    return Attributes(found.st_mode, found.st_uid, found.st_gid, int(found.st_mtime))


class Archive:
    """Grows in the given open file. Folders come before what is in them."""

    def __init__(self, out):
        self._out, self._inode, self._folders = out, 0, set()

    def add(self, name, data, permissions):
        for folder in list(pathlib.PurePosixPath(name).parents)[-2::-1]:
            self._folder(str(folder), plain(FOLDER, 0o755))
        self._entry(name, data, plain(FILE, permissions))

    def copy(self, below, path):
        """A file or link of the host, where it is there, with all its folders' attributes and its own, below that folder of the archive."""
        self._folder(below, plain(FOLDER, 0o755))
        for folder in list(pathlib.PurePosixPath(path).parents)[-2::-1]:
            self._folder(f"{below}{folder}", of_host(folder))
        attributes = of_host(path)
        data = os.readlink(path).encode() if stat.S_ISLNK(attributes.mode) else pathlib.Path(path).read_bytes()
        self._entry(f"{below}{path}", data, attributes)

    def close(self):
        self._entry("TRAILER!!!", b"", plain(0, 0))

    def _folder(self, name, attributes):
        if name not in self._folders:
            self._folders.add(name)
            self._entry(name, b"", attributes)

    def _entry(self, name, data, attributes):
        self._inode += 1
        encoded = name.encode() + b"\0"
        fields = (self._inode, attributes.mode, attributes.uid, attributes.gid, 1, attributes.mtime, len(data), 0, 0, 0, 0, len(encoded), 0)
        self._padded(b"070701" + b"".join(b"%08x" % field for field in fields) + encoded)
        self._padded(data)

    def _padded(self, data):
        self._out.write(data + b"\0" * (-len(data) % 4))
