# SPDX-License-Identifier: GPL-2.0-or-later
# A handful of names for meson and the scripts; nothing is decided here.
BUILD = build
MESON_OPTIONS =
STATIC = build-static

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD) $(MESON_OPTIONS)

packages:
	packaging/install-packages packaging/packages-build.txt
packages-test: packages
	packaging/install-packages packaging/packages-test.txt
packages-page: packages
	packaging/install-packages packaging/packages-page.txt
packages-lab: packages
	packaging/install-packages tests/lab/packages.txt

test: packages-test packages-page packages-lab
	$(MAKE) all
	tests/run-all $(BUILD)

# all but the lab: no privilege, no network, seconds
test-quick: packages-test
	$(MAKE) all
	tests/run-all --but lab $(BUILD)

demo: packages-lab
	$(MAKE) all
	tests/lab/demo $(BUILD)

bench: packages-lab static
	packaging/install-packages tests/bench/packages.txt
	$(MAKE) all
	tests/bench/run $(BUILD)

format: $(BUILD)/build.ninja
	ninja -C $(BUILD) format

# one static binary: $(STATIC)/lintel
static: packages
	packaging/install-packages packaging/packages-static.txt
	packaging/static/build $(STATIC)

# a container image of just that, without docker: $(STATIC)/lintel-image.tar
image: static
	packaging/image/build $(STATIC)/lintel $(STATIC)/lintel-image.tar

# a Debian package: build-deb/*.deb
deb: packages
	packaging/install-packages packaging/packages-deb.txt
	packaging/build-deb

install: all
	meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf $(BUILD) $(STATIC) build-deb

.PHONY: all packages packages-test packages-page packages-lab test test-quick demo bench format static image deb install clean
