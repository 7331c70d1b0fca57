/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/vrrp/frames.h - the captured frames under tests/vrrp/frames/, by name.
 *
 * I/O: reads the files. */

#ifndef LINTEL_TESTS_VRRP_FRAMES_H
#define LINTEL_TESTS_VRRP_FRAMES_H

#include "vrrp/wire.h"

struct frame {
	uint8_t bytes[1600]; /* from the Ethernet header on */
	size_t size;
};

/* The frame 'name' of 'file' ("frr-8.4.4.txt"); fails the test when there is none. */
struct frame frames_read(const char *file, const char *name);

/* Bytes from "01 02ab..."; fails the test when it isn't hexadecimal or too much. Returns the size.
 */
size_t frames_unhex(const char *hex, uint8_t *buf, size_t size);

/* The VRRP message in a frame, as a raw socket would give it; 'ret_envelope' as its IP header. */
const uint8_t *frames_vrrp(const struct frame *frame, size_t *ret_size,
                           struct vrrp_envelope *ret_envelope);

#endif
