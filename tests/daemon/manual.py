#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""manual.py LINTEL PAGE: the manual is formatted without a warning and knows every command and option. Speaks TAP."""
import os
import re
import shutil
import subprocess
import sys

LINTEL, PAGE = sys.argv[1:]
ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"}


def options_of(*command):
    text = subprocess.run([LINTEL, *command, "--help"], capture_output=True, text=True, check=True).stdout
    return text, set(re.findall(r"^  (?:-\w, |    )(--[\w-]+)", text, re.MULTILINE))


def warnings():
    result = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", PAGE], stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True, check=False, env=ENVIRONMENT)
    return result.stderr.splitlines() + ([f"exit code {result.returncode}"] if result.returncode else [])


def missing():
    with open(PAGE, encoding="utf-8") as page:
        manual = page.read().replace("\\-", "-").replace("\\c", "")
    overview, _ = options_of()
    wrong = []
    for command in re.findall(r"^  (\w+)  ", overview.split("Commands:")[1], re.MULTILINE):
        if f"lintel {command}" not in manual and not re.search(rf"[{{| ]{command}[}}| ]", manual):
            wrong.append(f"no word about lintel {command}")
        _, options = options_of(command)
        wrong += [f"lintel {command}: no word about {option}" for option in sorted(options) if option not in manual]
    return wrong


def report(number, name, problems):
    print(f"{'not ' if problems else ''}ok {number} - {name}")
    for line in problems:
        print(f"# {line}")
    return bool(problems)


def main():
    print("1..2")
    if shutil.which("man") and shutil.which("groff"):
        failed = report(1, "the manual is formatted without a warning", warnings())
    else:
        failed = False
        print("ok 1 - the manual is formatted without a warning # SKIP no man or no groff here")
    failed |= report(2, "the manual knows every command and option", missing())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
