#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Gate: the pure libraries call nothing that acts, and keep nothing between calls.

What a pure library leaves undefined must be defined by another pure library or stand in the lists
below; and it has no variables (not judged under sanitizers, which add their own).

usage: purity.py --nm NM LIBRARY...
       purity.py --nm NM --cc CC --self-test
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

# Of the C library: memory, text, numbers.
ALLOWED = """
    explicit_bzero memcpy memmove memset memcmp memchr memrchr mempcpy memmem bcmp
    strlen strnlen strcmp strncmp strcasecmp strncasecmp strchr strrchr strchrnul strstr strspn
    strcspn strpbrk strtok_r strcpy strncpy stpcpy strcat strtol strtoll strtoul strtoull
    strerror strerrordesc_np strerrorname_np
    malloc calloc realloc free abort
    snprintf vsnprintf asprintf vasprintf
    qsort bsearch tolower toupper abs labs llabs
    ceil floor round trunc rint fabs fmin fmax fmod sqrt pow exp log
    inet_pton inet_ntop htons htonl ntohs ntohl
    __errno_location __assert_fail __stack_chk_fail __ctype_b_loc __ctype_tolower_loc
    __ctype_toupper_loc _GLOBAL_OFFSET_TABLE_ __tls_get_addr
""".split()
# Forms that compilers make of these, and what sanitizers and coverage add.
ALLOWED_PATTERN = re.compile(
    r"__(mem|st[rp]|explicit_bzero)\w*_chk|__v?(sn|as)printf_chk|__isoc23_strto\w+"
    r"|__(asan|ubsan|lsan|sanitizer|sancov|gcov|llvm_profile|llvm_gcov|gcc_cov)_\w+"
    r"|__start_\w+|__stop_\w+")

# Foreign functions that only compute, for the libraries that may know them.
MNL = r"mnl_(attr|nlmsg)_\w+(?<!_fprintf)"
JSON = r"json_(?!load_file|loadf|load_callback|dump_file|dumpf|dump_callback)\w+"
FOREIGN = {
    "lintel-lib-pure": MNL + r"|SHA256_(Init|Update|Final)|CRYPTO_memcmp",
    "lintel-ipvs-pure": MNL,
    "lintel-conntrack-pure": MNL,
    "lintel-nft-pure": MNL + r"|mnl_nlmsg_batch_\w+|nftnl_\w+(?<!_fprintf)",
    "lintel-files-pure": r"yaml_get_version_string|yaml_(parser|event|token|document)_(?!set_input_file)\w+",
    "lintel-k8s-pure": JSON + r"|cJSON_(ParseWithLengthOpts|InitHooks)",
    "lintel-daemon-pure": JSON,
}

# What stands for as long as a call lasts, of each thread: a foreign library's hooks know no context.
LASTING_A_CALL = {
    "lintel-k8s-pure": {"json_memory"},  # where cJSON takes its memory from
}


def symbols(nm, library):
    """(undefined, defined, variables) names of an archive."""
    out = subprocess.run([nm, "--format=sysv", library], check=True, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    undefined, defined, variables = set(), set(), set()
    for line in out.splitlines():
        fields = [field.strip() for field in line.split("|")]
        if len(fields) != 7 or fields[0] == "Name":
            continue
        name, kind, section = fields[0], fields[2], fields[6]
        if kind == "U":
            undefined.add(name)
            continue
        defined.add(name)
        # Tables of pointers are in .data.rel.ro: constant once they are loaded.
        if re.match(r"\.(data(?!\.rel\.ro)|bss|tdata|tbss)|\*COM\*", section):
            variables.add(name)
    return undefined, defined, variables


def library_name(path):
    return re.sub(r"^lib|\.a$", "", os.path.basename(path))


def check(nm, libraries):
    problems = []
    read = {library: symbols(nm, library) for library in libraries}
    defined = set().union(*(one[1] for one in read.values()))
    for library, (undefined, _, variables) in read.items():
        name = library_name(library)
        foreign = re.compile(FOREIGN.get(name, r"(?!)"))
        sanitized = any(re.match(r"__(a|ub|t|m)san_|__sanitizer_|__gcov_|__llvm_", symbol)
                        for symbol in undefined)
        for symbol in sorted(undefined - defined - set(ALLOWED)):
            if not ALLOWED_PATTERN.fullmatch(symbol) and not foreign.fullmatch(symbol):
                problems.append(f"{name}: calls {symbol}, which is not pure")
        kept = variables - LASTING_A_CALL.get(name, set())
        for symbol in sorted(kept if not sanitized else ()):
            problems.append(f"{name}: keeps a variable {symbol}")
    return problems


CLEAN = {
    "lintel-lib-pure": """
        #include <string.h>
        #include <stdlib.h>
        struct nlmsghdr;
        void *mnl_nlmsg_get_payload(const struct nlmsghdr *);
        static const char *const names[] = {"a", "b"};
        static const int numbers[] = {1, 2};
        const char *lib_name(int i) { return names[i]; }
        int lib_number(int i) { return numbers[i]; }
        void *lib_copy(const char *s)
        { char *p = malloc(strlen(s) + 1); return p ? strcpy(p, s) : p; }
        void *lib_payload(const struct nlmsghdr *m) { return mnl_nlmsg_get_payload(m); }
    """,
    "lintel-vrrp-pure": """
        void *lib_copy(const char *s);
        void *vrrp_f(void) { return lib_copy("x"); }
    """,
    "lintel-k8s-pure": """
        static _Thread_local void *json_memory;
        void *k8s_f(void *p) { void *q = json_memory; json_memory = p; return q; }
    """,
}

PLANTED = [
    ("a clock", "lintel-vrrp-pure", "calls clock_gettime", """
        int clock_gettime(int, void *);
        int f(void *t) { return clock_gettime(1, t); }"""),
    ("a socket", "lintel-vrrp-pure", "calls socket", """
        int socket(int, int, int);
        int f(void) { return socket(1, 2, 0); }"""),
    ("a message", "lintel-lib-pure", "calls puts", """
        int puts(const char *);
        int f(void) { return puts("x"); }"""),
    ("a file", "lintel-files-pure", "calls fopen", """
        void *fopen(const char *, const char *);
        void *f(void) { return fopen("x", "r"); }"""),
    ("our own I/O", "lintel-model-pure", "calls mono_now_us", """
        long mono_now_us(void);
        long f(void) { return mono_now_us(); }"""),
    ("a foreign library where it is unknown", "lintel-vrrp-pure", "calls mnl_attr_put", """
        void mnl_attr_put(void *);
        void f(void *m) { mnl_attr_put(m); }"""),
    ("a foreign function that acts", "lintel-ipvs-pure", "calls mnl_socket_open", """
        void *mnl_socket_open(int);
        void *f(void) { return mnl_socket_open(1); }"""),
    ("libyaml reading a file", "lintel-files-pure", "calls yaml_parser_set_input_file", """
        void yaml_parser_set_input_file(void *, void *);
        void f(void *p) { yaml_parser_set_input_file(p, p); }"""),
    ("jansson reading a file", "lintel-k8s-pure", "calls json_load_file", """
        void *json_load_file(const char *);
        void *f(void) { return json_load_file("x"); }"""),
    ("a counter", "lintel-vrrp-pure", "keeps a variable counter", """
        static int counter;
        int f(void) { return ++counter; }"""),
    ("a global that others can change", "lintel-vrrp-pure", "keeps a variable setting", """
        int setting = 5;"""),
    ("a variable of each thread", "lintel-vrrp-pure", "keeps a variable mine", """
        static _Thread_local int mine = 3;
        int f(void) { return ++mine; }"""),
    ("a variable that is allowed elsewhere", "lintel-vrrp-pure", "keeps a variable json_memory", """
        static _Thread_local void *json_memory;
        void *f(void *p) { void *q = json_memory; json_memory = p; return q; }"""),
    ("a table that is not constant", "lintel-vrrp-pure", "keeps a variable table", """
        static const char *table[] = {"a", "b"};
        const char *f(int i) { const char *t = table[i]; table[i] = 0; return t; }"""),
]


def build(cc, directory, name, source):
    base = os.path.join(directory, name)
    with open(base + ".c", "w", encoding="utf-8") as f:
        f.write(source)
    subprocess.run([*cc, "-O1", "-fPIC", "-c", base + ".c", "-o", base + ".o"], check=True)
    library = os.path.join(directory, f"lib{name}.a")
    subprocess.run(["ar", "rc", library, base + ".o"], check=True)
    return library


def self_test(nm, cc):
    failures = 0
    with tempfile.TemporaryDirectory(prefix="lintel-gate-") as directory:
        clean = {name: build(cc, directory, name, source) for name, source in CLEAN.items()}
        problems = check(nm, clean.values())
        if problems:
            failures += 1
            print("not ok: clean libraries are red:", *problems, sep="\n  ")
        for what, name, expected, source in PLANTED:
            with tempfile.TemporaryDirectory(dir=directory) as apart:
                planted = build(cc, apart, name, source)
                problems = check(nm, {**clean, name: planted, "lib": clean["lintel-lib-pure"]}
                                 .values())
            good = len(problems) == 1 and expected in problems[0]
            failures += not good
            print("ok:" if good else "not ok:", what, *problems, sep="\n  ")
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("libraries", nargs="*")
    args = parser.parse_args()
    if args.self_test:
        return self_test(args.nm, args.cc.split())
    if not args.libraries:
        parser.error("no libraries")
    problems = check(args.nm, args.libraries)
    print(*problems, sep="\n")
    print(f"{len(args.libraries)} libraries, {len(problems)} violation(s)")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
