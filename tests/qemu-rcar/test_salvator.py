# SPDX-License-Identifier: GPL-2.0-or-later
"""The other U-Boot, rcar3_salvator-x, finds a Salvator-X with an M3-W or an H3
ES2.0 by what firmware tells it, and runs the same boot.scr.  Debian has no trees
of these boards: Proxenos gets HiHope's, whose devices are the same, with the
memory that U-Boot knows of, and starts dom0's kernel."""

import pytest

from board import Board, build


@pytest.mark.parametrize("soc, product, part, mib", [
    ("r8a7796", "0x5211", "M3-W ES1.3", 3968),
    ("r8a7795", "0x4f10", "H3 ES2.0", 3968)])
def test_salvator_x(tmp_path, soc, product, part, mib):
    build()
    m = Board(tmp_path, f",board=renesas,,salvator-x,soc=renesas,,{soc},"
              f"product={product}")
    m.boot_card([], uboot="u-boot-salvator-x")
    try:
        m.start()
        m.expect(r"\(XEN\) dom0: command line")
        free = m.expect(r"of (\d+) MiB free")
        m.expect("PX-SHELL")
    finally:
        m.stop()
    assert "Model: Renesas Salvator-X board" in m.console
    assert f"{part}, Gen3 root, stage 1, 6 contexts for domains" in m.console
    assert "I/O virtualisation enabled" in m.console
    assert mib - 100 < int(free[1]) <= mib
