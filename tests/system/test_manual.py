# SPDX-License-Identifier: GPL-2.0-or-later
"""pxl's manual and its completion know every command and option there is."""

import re
import subprocess

import pytest

from qemu import BUILD, TOP

PXL = TOP / "tools" / "pxl"
PAGES = [TOP / "docs/man/pxl.1", TOP / "docs/man/pxl.cfg.5"]
COMPLETION = PXL / "pxl.bash-completion"


def commands():
    """{name: arguments} of commands.h, as the compiler sees them."""
    found = {}
    text = re.sub(r"/\*.*?\*/", "", (PXL / "commands.h").read_text(), flags=re.S)
    for name, rest in re.findall(
            r'COMMAND\("([a-z0-9-]+)",\s*\w+,\s*((?:"[^"]*"\s*)+),', text):
        found[name] = "".join(re.findall(r'"([^"]*)"', rest))
    assert len(found) == text.count("COMMAND(")
    return found


def options(arguments):
    return set(re.findall(r"(?<![\w-])--?[a-zA-Z][a-z-]*", arguments))


def settings():
    """What configuration files are asked for in the sources."""
    found = set()
    for source in PXL.glob("*.c"):
        found |= set(re.findall(
            r'(?:cfg_(?:get|string|number|list)|read_\w+)\(\s*'
            r'[\w>-]+,\s*"(\w+)"', source.read_text()))
    return found


@pytest.fixture(scope="module")
def manual():
    """pxl.1 as plain text."""
    tool = BUILD / "debian" / "mandoc"
    if not (tool / "usr/bin/mandoc").exists():
        subprocess.run([TOP / "tools/debian.sh", "unpack", tool, "mandoc"],
                       check=True)
    return tool / "usr/bin/mandoc"


def plain(mandoc, page):
    text = subprocess.run([mandoc, "-T", "ascii", page], check=True,
                          capture_output=True, text=True).stdout
    return re.sub(".\b", "", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_pages_are_well_formed(manual, page):
    lint = subprocess.run([manual, "-T", "lint", "-W", "warning", page],
                          capture_output=True, text=True)
    assert lint.stdout + lint.stderr == ""


def test_every_command_is_in_the_manual(manual):
    text = plain(manual, PAGES[0])
    missing = [name for name in commands()
               if not re.search(rf"^ +(?:[\w-]+ .*, )?{name}\b", text, re.M)]
    assert not missing


def test_every_option_is_in_the_manual(manual):
    text = plain(manual, PAGES[0])
    missing = []
    for name, arguments in commands().items():
        part = re.search(rf"^     (?:[\w-]+ [^\n]*, )?{name}\b.*?"
                         r"(?=^     \S|^\S|\Z)", text, re.M | re.S)
        said = part[0] if part else ""
        for option in options(arguments):
            # "-lv" says both.
            short = len(option) == 2
            if option in said or (short and re.search(
                    rf"(?<![\w-])-[a-zA-Z]*{option[1]}", said)):
                continue
            missing.append(f"{name} {option}")
    assert not missing


def test_every_list_has_json():
    lists = {name: options(arguments) for name, arguments in commands().items()
             if name == "list" or name.endswith("-list")}
    assert len(lists) >= 7
    assert [name for name, has in lists.items() if "--json" not in has] == []


def test_every_setting_is_in_the_manual(manual):
    text = plain(manual, PAGES[1])
    missing = [s for s in settings() if not re.search(rf"\b{s}\b", text)]
    # What is accepted and does nothing is not advertised.
    assert set(missing) <= {"acpi", "type", "tee", "pci_power_mgmt",
                            "pci_msitranslate"}, missing


def complete(*words):
    """What bash would offer for the last word."""
    line = " ".join(f"'{w}'" for w in words)
    script = (f". '{COMPLETION}'; COMP_WORDS=({line}); "
              f"COMP_CWORD={len(words) - 1}; _pxl; "
              "printf '%s\\n' \"${COMPREPLY[@]}\"")
    out = subprocess.run(["bash", "--norc", "-c", script], check=True,
                         capture_output=True, text=True)
    assert out.stderr == ""
    return set(out.stdout.split())


def test_every_command_is_completed():
    assert complete("pxl", "") == set(commands()) | {"help"}


def test_every_option_is_completed():
    for name, arguments in commands().items():
        assert complete("pxl", name, "-") == options(arguments) | {"--help"}, \
            name


def test_beginnings_and_values():
    assert complete("pxl", "pci-as") == {
        "pci-assignable-list", "pci-assignable-add", "pci-assignable-remove"}
    assert complete("pxl", "iommu-faults", "--policy", "d") == {"disconnect"}
    assert "list" in complete("pxl", "help", "l")
