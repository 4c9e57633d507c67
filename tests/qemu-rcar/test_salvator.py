# SPDX-License-Identifier: GPL-2.0-or-later
"""The other U-Boot, rcar3_salvator-x, finds a Salvator-X with an M3-W by what
firmware tells it, and runs the same boot.scr.  Debian has no tree of that board:
Proxenos gets HiHope's, whose memory and devices are the same, and starts dom0's
kernel."""

from board import Board, build


def test_salvator_x(tmp_path):
    build()
    m = Board(tmp_path, ",board=renesas,,salvator-x,soc=renesas,,r8a7796")
    m.boot_card([], uboot="u-boot-salvator-x")
    try:
        m.start()
        m.expect(r"\(XEN\) dom0: command line")
        m.expect("PX-SHELL")
    finally:
        m.stop()
    assert "Model: Renesas Salvator-X board" in m.console
    assert "Gen3 root, stage 1, 6 contexts for domains" in m.console
    assert "I/O virtualisation enabled" in m.console
