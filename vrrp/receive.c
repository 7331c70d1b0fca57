/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/receive.h"

#define OWNER_PRIORITY 255

struct addr vrrp_receive_group(enum addr_family family)
{
	if (family == ADDR_IPV4)
		return addr_make(family, (const uint8_t[]){224, 0, 0, 18});
	return addr_make(family, (const uint8_t[16]){0xff, 0x02, [15] = 0x12});
}

const char *vrrp_note_text(enum vrrp_note note)
{
	switch (note) {
	case VRRP_NOTE_ADDRESSES:
		return "its address list is not ours";
	case VRRP_NOTE_INTERVAL:
		return "its advertisement interval is not ours";
	case VRRP_NOTE_COLLISION:
		return "another group of routers uses this virtual router ID";
	case VRRP_NOTE_OWNER:
		return "it claims addresses that we are the owner of";
	case VRRP_NOTE_LINK_LOCAL:
		return "its first address is not a link-local one";
	case VRRP_NOTE_CHECKSUM:
		return "its checksum has the form that we do not send";
	case VRRP_NOTE_CLOCK:
		return "its clock and ours are far apart: soon its signature counts no more";
	}
	return "";
}

static bool contains(const struct addr *list, size_t count, const struct addr *a)
{
	for (size_t i = 0; i < count; i++)
		if (addr_equal(&list[i], a))
			return true;
	return false;
}

/* How many of the advertised addresses are ours, too. Which link-local address stands first is
 * the sender's affair: it says nothing about whose virtual router this is. */
static size_t count_common(const struct vrrp_advert *advert, const struct addr *ours,
                           size_t our_count, size_t *ret_theirs)
{
	size_t common = 0;

	*ret_theirs = 0;
	for (size_t i = 0; i < advert->address_count; i++) {
		if (addr_is_link_local(&advert->addresses[i]))
			continue;
		(*ret_theirs)++;
		common += contains(ours, our_count, &advert->addresses[i]);
	}
	return common;
}

static bool lists_equal(const struct vrrp_advert *advert, const struct addr *ours, size_t our_count)
{
	if (advert->address_count != our_count)
		return false;
	for (size_t i = 0; i < our_count; i++)
		if (!contains(advert->addresses, advert->address_count, &ours[i]))
			return false;
	return true;
}

static unsigned note(const struct vrrp_router_config *router, const struct vrrp_envelope *envelope,
                     const struct vrrp_advert *advert)
{
	bool ipv4 = envelope->src.family == ADDR_IPV4;
	const struct addr *ours = ipv4 ? router->advertised4 : router->advertised6;
	size_t our_count = ipv4 ? router->advertised4_count : router->advertised6_count;
	bool sends_pseudo_header = router->checksum == MODEL_CHECKSUM_PSEUDO_HEADER;
	unsigned notes = 0;
	size_t theirs;

	if (!lists_equal(advert, ours, our_count)) {
		notes |= VRRP_NOTE_ADDRESSES;
		/* What they advertise may be any of those we own. */
		size_t common = count_common(advert, ours, our_count, &theirs);
		for (size_t i = 0; common == 0 && i < router->owned_count; i++)
			common += !addr_is_link_local(&router->owned[i].prefix.addr) &&
			          contains(advert->addresses, advert->address_count,
			                   &router->owned[i].prefix.addr);
		if (common == 0 && theirs > 0 &&
		    !contains(router->peers, router->peer_count, &envelope->src))
			notes |= VRRP_NOTE_COLLISION;
	}
	if (advert->interval_us != router->advert_interval_us)
		notes |= VRRP_NOTE_INTERVAL;
	if (router->priority == OWNER_PRIORITY && advert->priority > 0)
		notes |= VRRP_NOTE_OWNER;
	if (!ipv4 && !addr_is_link_local(&advert->addresses[0]))
		notes |= VRRP_NOTE_LINK_LOCAL;
	if (ipv4 && advert->pseudo_header != sends_pseudo_header)
		notes |= VRRP_NOTE_CHECKSUM;
	return notes;
}

static bool serves(const struct vrrp_router_config *router, enum addr_family family)
{
	return (family == ADDR_IPV4 ? router->advertised4_count : router->advertised6_count) > 0;
}

struct vrrp_verdict vrrp_receive_judge(const struct vrrp_router_config *router,
                                       const struct addr *own, size_t own_count,
                                       const struct vrrp_envelope *envelope,
                                       const struct vrrp_advert *advert)
{
	struct vrrp_verdict verdict = {.accepted = false};

	if (advert->virtual_router_id != router->virtual_router_id ||
	    !serves(router, envelope->src.family)) {
		verdict.drop = MODEL_DROP_VRID;
		return verdict;
	}
	if (contains(own, own_count, &envelope->src)) {
		verdict.drop = MODEL_DROP_OWN;
		return verdict;
	}
	verdict.notes = note(router, envelope, advert);
	bool known = contains(router->peers, router->peer_count, &envelope->src);

	/* A peer that has not learnt of us yet speaks to everybody: it is heard. */
	if (addr_is_multicast(&envelope->dst) != (router->peer_count == 0) &&
	    !(known && addr_is_multicast(&envelope->dst)))
		verdict.drop = MODEL_DROP_MODE;
	else if (router->peer_count > 0 && !known)
		verdict.drop = MODEL_DROP_UNKNOWN_PEER;
	else
		verdict.accepted = true;
	return verdict;
}
