/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/facilities.h"

#include "daemon/http.h"
#include "daemon/kube_proxy.h"
#include "daemon/render.h"
#include "files/yaml.h"
#include "ipvs/kernel.h"
#include "lib/loop.h"
#include "lib/privs.h"
#include "nft/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

/* IFA_PROTO: Linux 5.18 (47f0bd503210). */
#define ADDRESS_PROTOCOL_MAJOR 5
#define ADDRESS_PROTOCOL_MINOR 18

#define LABEL_WIDTH            17

static json_t *read_libraries(void)
{
	char ev[LOOP_LIBRARY_VERSION_SIZE];

	/* libmnl and libnftnl don't tell at run time; it is what we were built with. */
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "libev", loop_library_version(ev), "libmnl",
	                 LINTEL_BUILT_WITH_MNL, "libnftnl", LINTEL_BUILT_WITH_NFTNL, "libyaml",
	                 files_yaml_library_version(), "jansson", jansson_version_str(),
	                 "libmicrohttpd", http_library_version());
}

static json_t *read_ipvs(void)
{
	struct ipvs_kernel *kernel = NULL;
	struct ipvs_kernel_info info = {0};
	char version[32] = "";
	int rc = ipvs_kernel_open(&kernel);

	if (rc == 0)
		rc = ipvs_kernel_info(kernel, &info);
	ipvs_kernel_close(kernel);
	if (rc == 0)
		snprintf(version, sizeof(version), "%u.%u.%u", info.version >> 16 & 0xff,
		         info.version >> 8 & 0xff, info.version & 0xff);
	return json_pack("{s:b,s:s,s:s}", "found", rc == 0, "version", version, "problem",
	                 rc ? ipvs_kernel_open_text(rc) : "");
}

static json_t *read_nft(void)
{
	struct nft_kernel *kernel = NULL;
	struct text why = {0};
	int rc = nft_kernel_open(&kernel, &why);

	if (rc == 0)
		rc = nft_kernel_warm_up(kernel, &why);
	nft_kernel_close(kernel);
	json_t *nft = json_pack("{s:b,s:s}", "found", rc == 0, "problem", text_str(&why));
	text_done(&why);
	return nft;
}

static bool has_address_protocol(const char *release)
{
	unsigned major = 0, minor = 0;

	if (sscanf(release, "%u.%u", &major, &minor) != 2)
		return false;
	return major > ADDRESS_PROTOCOL_MAJOR ||
	       (major == ADDRESS_PROTOCOL_MAJOR && minor >= ADDRESS_PROTOCOL_MINOR);
}

static json_t *read_kernel(void)
{
	struct utsname name;

	if (uname(&name))
		strcpy(name.release, "");
	struct kube_proxy_signs signs = kube_proxy_look();
	return json_pack("{s:s,s:s,s:o,s:o,s:b}", "kubeProxy",
	                 kube_proxy_mode_name(kube_proxy_judge(&signs)), "release", name.release,
	                 "ipvs", read_ipvs(), "nftables", read_nft(), "addressProtocol",
	                 has_address_protocol(name.release));
}

static json_t *read_privileges(void)
{
	struct privs privs = {0};

	if (privs_read(&privs))
		return json_object();
	return json_pack("{s:b,s:b,s:b}", "CAP_NET_ADMIN", privs.net_admin, "CAP_NET_RAW",
	                 privs.net_raw, "CAP_SYS_NICE", privs.sys_nice);
}

json_t *facilities_read(void)
{
	return json_pack("{s:s,s:o,s:o,s:o}", "version", LINTEL_VERSION, "libraries",
	                 read_libraries(), "kernel", read_kernel(), "privileges",
	                 read_privileges());
}

static void add_line(const struct table_style *style, struct text *out, const char *label,
                     enum table_tone tone, const char *value, const char *detail)
{
	text_printf(out, "  %-*s", LABEL_WIDTH - 2, label);
	table_tone(out, tone, style->colour, value);
	if (*detail)
		text_add(out, ": ");
	table_paragraph(out, detail, LABEL_WIDTH + (unsigned)table_width(value) + (*detail ? 2 : 0),
	                LABEL_WIDTH, style->width);
}

static void add_facility(const struct table_style *style, struct text *out, const char *label,
                         const json_t *facility)
{
	bool found = render_bool(facility, "found");
	const char *version = render_text(facility, "version");

	add_line(style, out, label, found ? TABLE_GOOD : TABLE_BAD,
	         !found     ? "no"
	         : *version ? version
	                    : "yes",
	         render_text(facility, "problem"));
}

void facilities_render(const json_t *facilities, const struct table_style *style, struct text *out)
{
	const json_t *kernel = json_object_get(facilities, "kernel");
	bool protocol = render_bool(kernel, "addressProtocol");
	const char *name;
	json_t *value;

	text_printf(out, "lintel %s\n\nLibraries\n", render_text(facilities, "version"));
	json_object_foreach(json_object_get(facilities, "libraries"), name, value)
		add_line(style, out, name, TABLE_PLAIN, json_string_value(value), "");
	text_add(out, "\nKernel\n");
	add_line(style, out, "Linux", TABLE_PLAIN, render_text(kernel, "release"), "");
	add_facility(style, out, "IPVS", json_object_get(kernel, "ipvs"));
	add_facility(style, out, "nftables", json_object_get(kernel, "nftables"));
	add_line(style, out, "IFA_PROTO", protocol ? TABLE_GOOD : TABLE_ATTENTION,
	         protocol ? "yes" : "no",
	         protocol ? "" : "addresses can't be marked as ours before Linux 5.18");
	const char *proxy = render_text(kernel, "kubeProxy");
	bool deletes = strcmp(proxy, kube_proxy_mode_name(KUBE_PROXY_IPVS)) == 0;
	add_line(style, out, "kube-proxy", deletes ? TABLE_ATTENTION : TABLE_PLAIN,
	         *proxy ? proxy : "none",
	         deletes ? "deletes virtual services of others; see --kube-proxy-excludes of "
	                   "lintel run"
	                 : "");
	text_add(out, "\nPrivileges of this process\n");
	json_object_foreach(json_object_get(facilities, "privileges"), name, value)
		add_line(style, out, name + strlen("CAP_"),
	                 json_is_true(value) ? TABLE_GOOD : TABLE_ATTENTION,
	                 json_is_true(value) ? "yes" : "no", "");
}
