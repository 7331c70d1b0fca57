#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""embed.py HTML CSS JS OUT.c: the status page as one file, in C, with the policy that lets only its own script and style run.

The HTML has one '<style></style>' and one '<script></script>', which are filled. Comments that stand on lines of their own
are left out, as is indentation.
"""
import base64
import hashlib
import pathlib
import re
import sys


def lean(text):
    text = re.sub(r"^\s*/\*.*?\*/\n", "", text, flags=re.MULTILINE | re.DOTALL)
    lines = (line.strip() for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("// "))


def digest(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def fill(html, tag, text):
    empty = f"<{tag}></{tag}>"
    if html.count(empty) != 1 or f"</{tag}" in text:
        sys.exit(f"embed.py: {empty} must stand in the page once, and its text must not end it")
    return html.replace(empty, f"<{tag}>{text}</{tag}>")


def c_bytes(data):
    rows = (data[i:i + 24] for i in range(0, len(data), 24))
    return "\n".join("\t" + ",".join(str(byte) if byte < 128 else str(byte - 256) for byte in row) + "," for row in rows)


def main():
    html, css, js = (pathlib.Path(name).read_text(encoding="utf-8") for name in sys.argv[1:4])
    css, js = lean(css), lean(js)
    html = re.sub(r"^<!--.*?-->\n", "", html, flags=re.MULTILINE | re.DOTALL)
    page = fill(fill(lean(html), "style", css), "script", js).encode()
    policy = ("default-src 'none'; connect-src 'self'; img-src data:; "
              f"script-src '{digest(js)}'; style-src '{digest(css)}'; "
              "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    pathlib.Path(sys.argv[4]).write_text(
        "/* Made by daemon/page/embed.py. */\n#include \"daemon/page.h\"\n\n"
        f"const char page_html[] = {{\n{c_bytes(page)}\n\t0,\n}};\n"
        f"const size_t page_html_size = {len(page)};\n"
        f"const char page_policy[] = \"{policy}\";\n", encoding="utf-8")


if __name__ == "__main__":
    main()
