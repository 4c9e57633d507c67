# SPDX-License-Identifier: GPL-2.0-or-later
"""The board's tests use the machines of tests/system."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "system"))
