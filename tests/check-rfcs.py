#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks that every RFC rule that the code cites is cited by a test, too.

A citation is "RFC 4271 9.1.2.2 c", more sections may follow it: "RFC 7606 2, 3 h",
"RFC 4271 4.2 to 4.5".  Those of lib/, include/ and bgpd/ are the rules that we follow; for
each of them there must be a test that cites

    the same section                    4724 4.1   by 4724 4.1
    an item or a part of it             4724 4     by 4724 4.1;  7606 3 by 7606 3 g
    for an item, the section it is in   7606 3 g   by 7606 3
    any, where the code names none      1997       by 1997, 9003 by 9003 2

A test of a section says nothing about its parts: 7606 7.2 is not covered by 7606 7.

docs/rfcs.md may name no test, as `update/end_of_rib` or `lab/gtsm`, that does not exist.

    check-rfcs.py [DIRECTORY]          one line a violation; exit 1 if there was any
    check-rfcs.py --list [DIRECTORY]   each rule, and the tests that cite it
"""
import pathlib
import re
import sys

# What the code cites and no test can fail for, with the reason.
EXCEPTIONS = {
    "4271 3.2": "a definition: what the tables are called",
    "4861 6.2.1": "a static_assert in bgpd/unnumbered.c",
    "4861 6.2.4": "a random interval of seconds: to be seen with a clock alone",
}

CODE = "lib include bgpd"
TESTS = "tests/unit tests/lab tests/interop tests/config"
SUFFIXES = {".c", ".h", ".def", ".conf", ".sh", ".py"}

# The end of a line of a comment, or of a string, may stand in the midst of a citation.
BREAK = re.compile(r'(?:"[ \t]*)?\n[ \t]*(?:\*(?!/)|//|#|")?[ \t]*')
GAP = r"[ \n]"
SECTION = r"(?:[1-9]\d?(?:\.\d{1,2})*|appendix" + GAP + r"[A-Z])(?![\w/%(]|\.\d)"
ITEM = rf"(?:{GAP}[a-h1-9](?=[:;,.)]|{GAP}\*/|$))?"
ONE = rf"\d{{4}}(?:{GAP}{SECTION}{ITEM}(?:(?:,{GAP}|{GAP}and{GAP}|{GAP}to{GAP}|-){SECTION}{ITEM})*)?"
CITATION = re.compile(rf"RFC{GAP}{ONE}(?:(?:,|{GAP}and|{GAP}or){GAP}{ONE}(?![\w.]))*")
TEST = re.compile(r"^START_TEST\((\w+)\)|^(END_TEST)", re.M)


def sections(text):
    """'4.2 to 4.4, 6.1 a' as ['4.2', '4.3', '4.4', '6.1 a']."""
    found = []
    for joint, section in re.findall(rf"(^|,|and|to|-)\s*({SECTION}{ITEM})", text):
        section = " ".join(section.split())
        if joint in ("to", "-"):
            head, _, first = found[-1].split()[0].rpartition(".")
            found += [f"{head}.{n}".lstrip(".")
                      for n in range(int(first) + 1, int(section.split()[0].rpartition(".")[2]))]
        found.append(section)
    return found


def citations(text):
    """((RFC, section or ''), offset) of each; `text` has its breaks replaced."""
    for match in CITATION.finditer(text):
        for one in re.finditer(ONE, match.group()):
            for section in sections(one.group()[5:]) or [""]:
                yield (one.group()[:4], section), match.start()


def files(directories):
    for directory in directories.split():
        for path in sorted((top / directory).rglob("*")):
            if path.suffix in SUFFIXES and path.is_file():
                yield path


def read(path):
    """The text with each break as one newline, so that lines can be counted."""
    return BREAK.sub("\n", path.read_text())


def test_at(path, text, offset):
    """The unit test that an offset is in, or that a comment or a table stands before."""
    name = path.stem.removeprefix("test_")
    if path.suffix != ".c":
        return f"{path.parent.name} {name}"
    if offset > text.find("#include"):
        for match in TEST.finditer(text):
            inside = match.group(1)
            if match.start() < offset:
                last = inside
            elif inside:
                return f"{name}/{inside}"
            else:
                return f"{name}/{last}"
    return name


def covers(other, rule):
    """Is a test that cites `other` one for `rule`?"""
    if other[0] != rule[0]:
        return False
    return (other[1] == rule[1] or not rule[1]
            or re.match(re.escape(rule[1]) + r"[. ]", other[1])
            or other[1] == re.sub(r" [a-h1-9]$", "", rule[1]))


def in_order(rule):
    return [rule[0]] + [part.zfill(3) for part in re.split(r"[. ]", rule[1]) if part]


arguments = [word for word in sys.argv[1:] if word != "--list"]
top = pathlib.Path(arguments[0] if arguments else
                   pathlib.Path(__file__).resolve().parent.parent)
rules = {}  # (RFC, section): where the code cites it
for file in files(CODE):
    content = read(file)
    for rule, at in citations(content):
        line = content.count("\n", 0, at) + 1
        rules.setdefault(rule, f"{file.relative_to(top)}:{line}")

cited = {}  # (RFC, section): the tests that do
known = set()
for file in files(TESTS):
    if file.suffix == ".h":
        continue  # helps tests, and is none
    content = read(file)
    known.add(f"{file.parent.name}/{file.stem}")
    known |= {f"{file.stem.removeprefix('test_')}/{match.group(1)}"
              for match in TEST.finditer(content)}
    for rule, at in citations(content):
        cited.setdefault(rule, {})[test_at(file, content, at)] = True

violations = []
for rule in sorted(rules, key=in_order):
    tests = [test for other in cited if covers(other, rule) for test in cited[other]]
    name = " ".join(rule).strip()
    if "--list" in sys.argv:
        print(f"{name:16} {', '.join(dict.fromkeys(tests)) or '-'}")
    elif tests and name in EXCEPTIONS:
        violations.append(f"RFC {name} has tests, and needs no exception")
    elif not tests and name not in EXCEPTIONS:
        violations.append(f"{rules[rule]}: no test cites RFC {name}")
for name in sorted(EXCEPTIONS):
    if name not in {" ".join(rule).strip() for rule in rules}:
        violations.append(f"RFC {name} is an exception that no code cites")

for number, text in enumerate((top / "docs/rfcs.md").read_text().splitlines(), 1):
    for name in re.findall(r"`((?!tests/)[a-z0-9_]+/[a-z0-9_-]+)`", text):
        if name not in known:
            violations.append(f"docs/rfcs.md:{number}: there is no test {name}")

print("\n".join(violations), end="\n" if violations else "")
sys.exit(bool(violations))
