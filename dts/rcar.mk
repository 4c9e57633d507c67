# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a board with an R-Car Gen3 or RZ/G2 needs from U-Boot's prompt.

rcar_dtbos := $(patsubst dts/%.dtso,$(B)/rcar/%.dtbo,$(wildcard dts/*.dtso))

.PHONY: rcar
#: rcar            build/rcar: Image, uImage, boot.scr and overlays for the boards
rcar: $(B)/rcar/Image $(B)/rcar/uImage $(B)/rcar/boot.scr $(rcar_dtbos)

$(B)/rcar/Image: $(B)/proxenos
	@mkdir -p $(@D)
	$(Q)cp $< $@

# Where boot.cmd loads it, too.
$(B)/rcar/uImage: $(B)/proxenos
	@mkdir -p $(@D)
	$(Q)mkimage -A arm64 -O linux -T kernel -C none -a 0x48200000 \
	    -e 0x48200000 -n Proxenos -d $< $@ > /dev/null

$(B)/rcar/boot.scr: dts/boot.cmd
	@mkdir -p $(@D)
	$(Q)mkimage -A arm64 -T script -C none -n Proxenos -d $< $@ > /dev/null

$(B)/rcar/%.dtbo: dts/%.dtso $(wildcard dts/*.dtsi)
	@mkdir -p $(@D)
	$(Q)cpp -nostdinc -undef -x assembler-with-cpp -P -Idts $< | \
	    dtc -q -@ -I dts -O dtb -o $@ -
