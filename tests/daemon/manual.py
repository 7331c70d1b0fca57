#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""manual.py LINTEL PAGE FIELDS REFERENCE: the manual pages are formatted without a warning, are found by whatis, and know every
command, option and field. Speaks TAP."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap  # noqa: E402
from tap import Skip, test  # noqa: E402

LINTEL, PAGE, FIELDS, REFERENCE = sys.argv[1:]
ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"}


def help_of(*command):
    return subprocess.run([LINTEL, *command, "--help"], capture_output=True, text=True, check=True,
                          env={**ENVIRONMENT, "COLUMNS": "1000"}).stdout


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
                          check=True, env={**ENVIRONMENT, "MANWIDTH": "1000"}).stdout


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


def plain(words):
    """As the manual writes it: no quotation marks, one space."""
    return " ".join(re.sub(r"(^|[ (])'(.+?)'", r"\1\2", words).split())


def unsaid():
    """The manual is made of the tables that --help is made of: each of its words stands there, with each option at its command."""
    wrong = []
    overview = help_of()
    commands = re.findall(r"^  (\w+)  ", overview.split("Commands:")[1], re.MULTILINE)
    sections = re.split(r"^   lintel (\w+)$", shown(PAGE).split("\nCOMMANDS\n")[1].split("\nEXIT STATUS\n")[0], flags=re.MULTILINE)
    manual = dict(zip(sections[1::2], sections[2::2]))
    if sections[1::2] != commands:
        wrong.append(f"sections {sections[1::2]} for the commands {commands}")
    for command in commands:
        section = plain(manual.get(command, ""))
        head, options = help_of(command).split("\nOptions:\n")
        for paragraph in head.split("\n", 2)[2].splitlines():
            if plain(paragraph) not in section:
                wrong.append(f"lintel {command}: not said: {plain(paragraph)}")
        for entry in re.split(r"^(?=  -\w, --|      --)", options.split("\nExit code:")[0], flags=re.MULTILINE)[1:]:
            tag, words = re.fullmatch(r"((?:-\w, )?--[\w-]+(?: \S+)?)(?:  +|\n)\s*(.*)", entry.strip(), re.DOTALL).groups()
            if tag == "-h, --help":
                continue
            phrase, default = re.fullmatch(r"(.*?)(?: \[([^][]*)\])?", plain(words)).groups()
            after = re.escape(phrase[0]) + "|" + re.escape(phrase[0].upper())
            row = rf"{re.escape(tag)} (?:{after}){re.escape(phrase[1:])}\." + (rf" Default: {re.escape(default)}\." if default else "")
            if not re.search(row, section):
                wrong.append(f"lintel {command}: not said: {tag} {phrase} [{default}]")
    return wrong


def hold(problems):
    if not all(map(shutil.which, ("man", "groff", "lexgrog"))):
        raise Skip("no man or no groff here")
    found = problems()
    assert not found, "\n".join(found)


@test
def the_manual_of_the_program_is_formatted_without_a_warning():
    hold(lambda: warnings(PAGE))


@test
def the_manual_of_the_fields_is_formatted_without_a_warning():
    hold(lambda: warnings(FIELDS))


@test
def whatis_finds_both():
    hold(unknown_to_whatis)


@test
def the_manual_of_the_fields_says_of_each_what_the_reference_says():
    hold(fields_missing)


@test
def the_manual_of_the_program_says_what_help_says_of_each_command_and_option():
    hold(unsaid)


if __name__ == "__main__":
    sys.exit(tap.main())
