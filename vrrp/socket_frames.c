/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole Ethernet frames out of the sockets of vrrp/socket.h: one at once, or those of announcements
 * many at a time. */
#include "vrrp/socket.h"

#include "lib/mem.h"

#include <errno.h>
#include <netpacket/packet.h>
#include <string.h>
#include <sys/socket.h>

#define FRAMES 16 /* in one system call */

struct vrrp_frames {
	struct mmsghdr messages[FRAMES];
	struct iovec vectors[FRAMES];
	struct sockaddr_ll names[FRAMES];
	uint8_t data[FRAMES][VRRP_ANNOUNCE_FRAME_MAX];
	unsigned count;
};

void vrrp_frames_prepare(struct vrrp_sockets *sockets)
{
	struct vrrp_frames *f = xcalloc(1, sizeof(*f));

	for (size_t i = 0; i < FRAMES; i++) {
		f->vectors[i].iov_base = f->data[i];
		f->messages[i].msg_hdr.msg_iov = &f->vectors[i];
		f->messages[i].msg_hdr.msg_iovlen = 1;
		f->messages[i].msg_hdr.msg_name = &f->names[i];
		f->messages[i].msg_hdr.msg_namelen = sizeof(f->names[i]);
	}
	sockets->frames = f;
}

static struct sockaddr_ll frame_destination(int link_index, const void *frame)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = link_index,
		.sll_halen = 6,
	};

	memcpy(&to.sll_protocol, (const uint8_t *)frame + 12, sizeof(to.sll_protocol));
	memcpy(to.sll_addr, frame, 6);
	return to;
}

int vrrp_sockets_send_frame(struct vrrp_sockets *sockets, int link_index, const void *frame,
                            size_t size)
{
	const struct sockaddr_ll to = frame_destination(link_index, frame);

	if (sendto(sockets->packet, frame, size, MSG_DONTWAIT | MSG_NOSIGNAL,
	           (const struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	return 0;
}

unsigned vrrp_sockets_queue_frame(struct vrrp_sockets *sockets, int link_index, const void *frame,
                                  size_t size)
{
	struct vrrp_frames *f = sockets->frames;

	memcpy(f->data[f->count], frame, size);
	f->vectors[f->count].iov_len = size;
	f->names[f->count] = frame_destination(link_index, frame);
	f->count++;
	return f->count == FRAMES ? vrrp_sockets_flush(sockets) : 0;
}

unsigned vrrp_sockets_flush(struct vrrp_sockets *sockets)
{
	struct vrrp_frames *f = sockets->frames;
	unsigned done = 0, sent = 0;

	while (done < f->count) {
		int count = sendmmsg(sockets->packet, f->messages + done, f->count - done,
		                     MSG_DONTWAIT | MSG_NOSIGNAL);

		/* What is told is the first one's error. */
		done += count > 0 ? (unsigned)count : 1;
		sent += count > 0 ? (unsigned)count : 0;
	}
	f->count = 0;
	return sent;
}
