#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Gate: includes go down the floors only, and foreign libraries stay behind their doors.

    floor 3   daemon/
    floor 2   vrrp/ ipvs/ nft/ conntrack/ health/ news/ peer/ k8s/ files/ import/   strangers to one another
    floor 1   model/
    floor 0   lib/

usage: floors.py ROOT | --self-test
"""

import fnmatch
import re
import sys

import tree
from tree import FLOORS

# Foreign header -> the files that may include it. What is in no row anybody may include.
DOORS = [
    ("ev.h", ["lib/loop.c"]),
    ("ev++.h", []),
    ("libmnl/*", ["lib/nl*", "lib/genl*", "lib/rtnl*", "ipvs/attr*", "ipvs/kernel*", "nft/*",
                  "conntrack/*"]),
    ("libnftnl/*", ["nft/*"]),
    ("yaml.h", ["files/*"]),
    ("jansson.h", ["daemon/*", "k8s/*"]),
    ("cjson/*", ["k8s/json_read.c"]),
    ("curl/*", ["lib/multi*", "k8s/http*", "health/http*", "news/webhook*"]),
    ("microhttpd.h", ["daemon/http*"]),
    ("cap-ng.h", ["lib/privs.c"]),
    ("openssl/*", ["lib/hmac.c", "peer/tls.c"]),
    ("seccomp.h", ["daemon/confine.c"]),
    ("pthread.h", ["vrrp/thread*"]),
    ("threads.h", []),
]

# Calls -> the files that may make them: one reader of clocks, and nobody sleeps.
CALLS = [
    (["clock_gettime", "gettimeofday", "time", "clock", "timespec_get", "ev_now", "ev_time"],
     ["lib/mono.c"]),
    (["sleep", "usleep", "nanosleep", "clock_nanosleep"], []),
    (["pthread_create", "thrd_create"], ["vrrp/thread*"]),
    (["system", "popen", "execve", "execv", "execvp", "execl", "execlp", "posix_spawn"], []),
]

INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*(.*?)[ \t]*$", re.MULTILINE)


def matches(path, patterns):
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)


def check_include(path, target):
    """What is wrong with this include, or None."""
    own = path.split("/")[0]
    if target.startswith("<"):
        name = target.strip("<>")
        for header, files in DOORS:
            if fnmatch.fnmatch(name, header) and not matches(path, files):
                return f"<{name}> is only for {', '.join(files) or 'nobody'}"
        if name.split("/")[0] in FLOORS:
            return f"<{name}> is ours: write it in quotes"
        return None
    if not target.startswith('"'):
        return f"{target} can't be judged: write the name"
    name = target.strip('"')
    folder = name.split("/")[0]
    if "/" not in name or ".." in name:
        return f'"{name}" must be written "folder/file.h", from the root'
    if folder not in FLOORS:
        return f'"{name}" is of no folder of the house'
    if folder != own and FLOORS[folder] == FLOORS[own]:
        return f'"{name}": {own}/ and {folder}/ are strangers on floor {FLOORS[own]}'
    if FLOORS[folder] > FLOORS[own]:
        return (f'"{name}" is upstairs: {own}/ is on floor {FLOORS[own]}, '
                f"{folder}/ on floor {FLOORS[folder]}")
    return None


def check(root):
    problems = []
    for path in tree.walk(root, (".c", ".h")):
        folder = path.split("/")[0]
        if folder in tree.BESIDE:
            continue
        if folder not in FLOORS:
            problems.append(f"{path}: {folder} is no folder of the house")
            continue
        text = tree.read(root, path)
        for found in INCLUDE.finditer(tree.without_comments(text)):
            wrong = check_include(path, found[1])
            if wrong:
                problems.append(f"{path}:{tree.line_of(text, found.start())}: {wrong}")
        code = tree.code_only(text)
        for names, files in CALLS:
            if matches(path, files):
                continue
            for found in re.finditer(r"(?<![\w.>])(%s)\s*\(" % "|".join(names), code):
                problems.append(f"{path}:{tree.line_of(text, found.start())}: {found[1]}() is "
                                f"only for {', '.join(files) or 'nobody'}")
    return problems


CLEAN = {
    "lib/loop.c": '#include "lib/loop.h"\n#include <ev.h>\n/* time( sleep( are words here */\n',
    "lib/loop.h": "",
    "lib/mono.c": "int f(void)\n{\n\treturn clock_gettime(0, 0);\n}\n",
    "model/a.c": '#include "model/b.h"\n#include "lib/loop.h"\n// #include "daemon/x.h"\n',
    "vrrp/fsm.c": '#include "model/b.h"\n#include "lib/loop.h"\n#include <stdint.h>\n'
                  'const char *s = "time(";\nint x = y.time(1) + y->time(2) + runtime(3);\n',
    "vrrp/thread.c": "#include <pthread.h>\n",
    "nft/build.c": "#include <libnftnl/table.h>\n#include <libmnl/libmnl.h>\n",
    "files/yaml.c": "#include <yaml.h>\n",
    "daemon/http.c": "#include <microhttpd.h>\n#include <jansson.h>\n#include \"vrrp/fsm.h\"\n",
    "docs/generate.c": '#include "model/b.h"\n',
    "tests/lib/test_x.c": '#include <ev.h>\n#include "daemon/x.h"\n',
}

PLANTED = [
    ("lib looks upstairs", {"lib/x.c": '#include "model/b.h"\n'}, "lib/x.c:1: \"model/b.h\" is up"),
    ("model looks upstairs", {"model/a.h": '\n#include "daemon/x.h"\n'}, "model/a.h:2:"),
    ("a machine knows the daemon", {"vrrp/fsm.h": '#include "daemon/x.h"\n'}, "upstairs"),
    ("strangers meet", {"vrrp/x.c": '#include "ipvs/plan.h"\n'}, "strangers on floor 2"),
    ("an include is spaced out", {"vrrp/x.c": '  #  include   "nft/a.h" /* so */\n'}, "strangers"),
    ("an include hides behind a comment", {"nft/x.c": '/* a */ #include "ipvs/a.h"\n'},
     "strangers"),
    ("a bare name", {"lib/x.c": '#include "loop.h"\n'}, "folder/file.h"),
    ("the way round by ..", {"lib/x.c": '#include "lib/../model/b.h"\n'}, "folder/file.h"),
    ("ours in angles", {"lib/x.c": "#include <model/b.h>\n"}, "is ours"),
    ("an unknown folder", {"lib/x.c": '#include "util/b.h"\n'}, "no folder of the house"),
    ("a folder without a floor", {"util/x.c": ""}, "no folder of the house"),
    ("a macro", {"lib/x.c": "#include HEADER\n"}, "can't be judged"),
    ("a second door to libev", {"daemon/x.c": "#include <ev.h>\n"}, "only for lib/loop.c"),
    ("libmnl in vrrp", {"vrrp/x.c": "#include <libmnl/libmnl.h>\n"}, "only for lib/nl*"),
    ("libmnl in the planner", {"ipvs/plan.c": "#include <libmnl/libmnl.h>\n"}, "only for lib/nl*"),
    ("libnftnl elsewhere", {"ipvs/x.c": "#include <libnftnl/rule.h>\n"}, "only for nft/*"),
    ("libyaml elsewhere", {"model/x.c": "#include <yaml.h>\n"}, "only for files/*"),
    ("jansson elsewhere", {"model/x.c": "#include <jansson.h>\n"}, "only for daemon/*"),
    ("curl elsewhere", {"k8s/watch.c": "#include <curl/curl.h>\n"}, "only for lib/multi*, k8s/http*"),
    ("microhttpd elsewhere", {"daemon/x.c": "#include <microhttpd.h>\n"}, "only for daemon/http*"),
    ("OpenSSL elsewhere", {"peer/key.c": "#include <openssl/evp.h>\n"}, "only for lib/hmac.c, peer/tls.c"),
    ("libcap-ng elsewhere", {"daemon/x.c": "#include <cap-ng.h>\n"}, "only for lib/privs.c"),
    ("threads elsewhere", {"daemon/x.c": "#include <pthread.h>\n"}, "only for vrrp/thread*"),
    ("C11 threads", {"vrrp/thread.h": "#include <threads.h>\n"}, "only for nobody"),
    ("another reader of clocks", {"vrrp/x.c": "int a;\nint t = clock_gettime(1, 0);\n"},
     "vrrp/x.c:2: clock_gettime() is only for lib/mono.c"),
    ("time(NULL)", {"daemon/x.c": "long t = time (NULL);\n"}, "time()"),
    ("libev's clock", {"lib/loop.c": "double t = ev_now(loop);\n"}, "ev_now()"),
    ("sleeping", {"daemon/x.c": "int t = usleep(5);\n"}, "usleep() is only for nobody"),
    ("a shell", {"daemon/x.c": 'int t = system("nft flush");\n'}, "system() is only for nobody"),
]

if __name__ == "__main__":
    sys.exit(tree.main(check, "the floors and doors of the house (see the top of this gate)",
                       CLEAN, PLANTED))
