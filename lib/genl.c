/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/genl.h"

#include <errno.h>
#include <linux/genetlink.h>

static int read_family(void *ctx, const struct nlmsghdr *message)
{
	uint16_t *family = ctx;
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(message) < GENL_HDRLEN)
		return -EBADMSG;
	mnl_attr_for_each (attr, message, GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U16) == 0)
			*family = mnl_attr_get_u16(attr);
	}
	return 0;
}

int genl_family(struct nl *nl, const char *name, uint16_t *ret_family)
{
	struct nl_batch batch = {0};
	struct nlmsghdr *message = genl_begin(&batch, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	uint16_t family = 0;
	int err;

	mnl_attr_put_strz(message, CTRL_ATTR_FAMILY_NAME, name);
	nl_batch_end(&batch, message);
	err = nl_request(nl, &batch, read_family, &family);
	nl_batch_done(&batch);
	if (err < 0)
		return err;
	if (family == 0)
		return -EBADMSG;
	*ret_family = family;
	return 0;
}
