#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""manual.py LINTEL PAGE FIELDS REFERENCE: the manual pages are formatted without a warning, are found by whatis, and know every
command, option and field. Speaks TAP."""
import os
import re
import shutil
import subprocess
import sys

LINTEL, PAGE, FIELDS, REFERENCE = sys.argv[1:]
ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"}


def options_of(*command):
    text = subprocess.run([LINTEL, *command, "--help"], capture_output=True, text=True, check=True).stdout
    return text, set(re.findall(r"^  (?:-\w, |    )(--[\w-]+)", text, re.MULTILINE))


def warnings(page):
    problems = []
    for command in (["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page], ["groff", "-ww", "-man", "-Tutf8", "-Z", page]):
        result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, env=ENVIRONMENT)
        problems += result.stderr.splitlines() + ([f"exit code {result.returncode}"] if result.returncode else [])
    return problems


def unknown_to_whatis():
    """lexgrog(1) is what mandb fills the database of whatis with."""
    wrong = []
    for page, line in ((PAGE, "lintel - highly available layer-4 load balancer"),
                       (FIELDS, "lintel.yaml - configuration of the load balancer Lintel")):
        said = subprocess.run(["lexgrog", page], capture_output=True, text=True, check=False, env=ENVIRONMENT)
        if said.stdout.strip() != f'{page}: "{line}"':
            wrong.append(said.stdout + said.stderr)
    return wrong


def shown(page):
    return subprocess.run(["man", "-E", "UTF-8", "--no-hyphenation", "--no-justification", "-l", page], capture_output=True, text=True,
                          check=True, env={**ENVIRONMENT, "MANWIDTH": "200"}).stdout


def fields_missing():
    """Both are written from the same tables: a field of one is one of the other, with each of its words."""
    with open(REFERENCE, encoding="utf-8") as file:
        rows = re.findall(r"^\| `([\w.\[\]]+)` \|.*\| ([^|]*) \|$", file.read(), re.MULTILINE)
    text = shown(FIELDS)
    words = " ".join(text.split())
    wrong = [f"no field {path}" for path, _ in rows if not re.search(rf"^ +{re.escape(path)}$", text, re.MULTILINE)]
    wrong += [f"{path}: not said: {doc}" for path, doc in ((path, doc.split("<br>")[0].replace("`", "")) for path, doc in rows)
              if "\\" not in doc and " ".join(doc.split()) not in words]
    return wrong + ([] if len(rows) > 50 else [f"only {len(rows)} fields in {REFERENCE}"])


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
    formats = [("the manual of the program is formatted without a warning", lambda: warnings(PAGE)),
               ("the manual of the fields is formatted without a warning", lambda: warnings(FIELDS)),
               ("whatis finds both", unknown_to_whatis),
               ("the manual of the fields says of each what the reference says", fields_missing)]
    checks = [("the manual knows every command and option", missing)]
    print(f"1..{len(formats) + len(checks)}")
    failed = False
    able = all(map(shutil.which, ("man", "groff", "lexgrog")))
    for number, (name, check) in enumerate(formats, 1):
        if able:
            failed |= report(number, name, check())
        else:
            print(f"ok {number} - {name} # SKIP no man or no groff here")
    for number, (name, check) in enumerate(checks, len(formats) + 1):
        failed |= report(number, name, check())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
