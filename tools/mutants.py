#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""mutants.py [NAME...] - show that the host tests catch one-line bugs.

Each tests/mutations/NAME.patch begins with a line "Test: TEST" naming the
host test that must fail when the patch is applied.  The patch goes to a copy
of the tree under build/mutants; only what it changes is built again there.
"""

import pathlib
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

TOP = pathlib.Path(__file__).resolve().parent.parent
WORK = TOP / "build" / "mutants"
HANG = 300  # seconds: a mutant that hangs is caught, too


def run(cmd, cwd, **kwargs):
    return subprocess.run(cmd, cwd=cwd, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True,
                          errors="replace", check=False, **kwargs)


def copy_tree(tree, test):
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    for name in ("Makefile", "dts", "xen", "tests", "tools"):
        run(["cp", "-a", str(TOP / name), str(tree)], TOP)
    (tree / "build" / "host" / "obj").mkdir(parents=True)
    # The copy fetches nothing: it uses what this tree has unpacked.
    for name in ("include", "debian", "libfdt-el2"):
        (tree / "build" / name).symlink_to(TOP / "build" / name)
    run(["cp", "-a", str(TOP / "build" / "headers.stamp"),
         str(tree / "build")], TOP)
    run(["cp", "-a", str(TOP / "build" / "host" / "obj" / test),
         str(tree / "build" / "host" / "obj")], TOP)


def fails(cmd, cwd):
    """Does a test fail, or hang?  What comes after its first failure is not
    waited for."""
    with subprocess.Popen(cmd, cwd=cwd, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True,
                          errors="replace") as test:
        limit = threading.Timer(HANG, test.kill)
        limit.start()
        for line in test.stdout:
            if line.startswith("[  FAILED  ]"):
                test.kill()
                limit.cancel()
                return True
        limit.cancel()
        return test.wait() != 0


def try_mutant(patch):
    """Return (name, caught, one line that says how)."""
    name = patch.stem
    first = patch.read_text().splitlines()[0]
    if not first.startswith("Test: "):
        return name, False, "the first line is not 'Test: NAME'"
    test = first[len("Test: "):].strip()

    tree = WORK / name
    copy_tree(tree, test)
    applied = run(["patch", "-p1", "--no-backup-if-mismatch",
                   "-i", str(patch)], tree)
    if applied.returncode:
        return name, False, "does not apply: " + applied.stdout.strip()
    built = run(["make", "--no-print-directory", "WARNINGS=-w",
                 f"build/host/{test}"], tree)
    if built.returncode:
        return name, False, "does not build:\n" + built.stdout[-2000:]

    if not fails([f"build/host/{test}"], tree):
        return name, False, f"{test} passes: nothing noticed"
    shutil.rmtree(tree)
    return name, True, f"{test} fails"


def main():
    names = sys.argv[1:]
    patches = sorted((TOP / "tests" / "mutations").glob("*.patch"))
    patches = [p for p in patches if not names or p.stem in names]
    caught = missed = 0
    with ThreadPoolExecutor(2) as pool:
        for name, ok, how in pool.map(try_mutant, patches):
            print(f"{name}: {'caught' if ok else 'NOT CAUGHT'}, {how}",
                  flush=True)
            caught, missed = caught + ok, missed + (not ok)
    print(f"mutants: {caught} caught, {missed} not caught")
    subprocess.run([str(TOP / "tools" / "results.sh"), "write", "mutants",
                    str(caught), str(missed), "0"], cwd=TOP, check=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
