/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/kernel.h"

#include "ipvs/attr.h"
#include "lib/genl.h"
#include "lib/mem.h"

#include <errno.h>
#include <linux/ip_vs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More names than the kernel has schedulers; beyond, nothing is remembered of them. */
#define SCHEDULERS_MAX 32

struct ipvs_kernel {
	struct nl *nl;
	uint16_t family;
	struct nl_batch batch; /* scratch */
	/* schedulers the kernel has taken: their messages may travel in large company */
	char known[SCHEDULERS_MAX][IPVS_SCHEDULER_SIZE];
	size_t known_count;
};

int ipvs_kernel_open(struct ipvs_kernel **ret_kernel)
{
	struct ipvs_kernel *kernel = xcalloc(1, sizeof(*kernel));
	int err;

	err = nl_open(NETLINK_GENERIC, &kernel->nl);
	if (err == 0)
		err = genl_family(kernel->nl, IPVS_GENL_NAME, &kernel->family);
	if (err < 0) {
		ipvs_kernel_close(kernel);
		return err;
	}
	*ret_kernel = kernel;
	return 0;
}

void ipvs_kernel_close(struct ipvs_kernel *kernel)
{
	if (!kernel)
		return;
	nl_close(kernel->nl);
	nl_batch_done(&kernel->batch);
	free(kernel);
}

const char *ipvs_kernel_open_text(int err)
{
	switch (err) {
	case -ENOENT:
		return "the kernel has no IPVS and could not load it: modprobe ip_vs, or a kernel "
		       "with CONFIG_IP_VS";
	case -EPERM:
		return "not permitted: CAP_NET_ADMIN in the initial user namespace is needed";
	default:
		return strerror(-err);
	}
}

const struct nl_counters *ipvs_kernel_counters(const struct ipvs_kernel *kernel)
{
	return nl_counters(kernel->nl);
}

/* --- info and time-outs --- */

static int read_info(void *ctx, const struct nlmsghdr *message)
{
	struct ipvs_kernel_info *info = ctx;

	if (!ipvs_attr_u32(message, IPVS_INFO_ATTR_VERSION, &info->version) ||
	    !ipvs_attr_u32(message, IPVS_INFO_ATTR_CONN_TAB_SIZE, &info->connection_slots))
		return -EBADMSG;
	return 0;
}

/* A request without arguments. */
static int ask(struct ipvs_kernel *kernel, uint8_t command,
               int (*reply)(void *ctx, const struct nlmsghdr *message), void *ctx)
{
	nl_batch_clear(&kernel->batch);
	nl_batch_end(&kernel->batch, genl_begin(&kernel->batch, kernel->family, command, 0));
	return nl_request(kernel->nl, &kernel->batch, reply, ctx);
}

int ipvs_kernel_info(struct ipvs_kernel *kernel, struct ipvs_kernel_info *ret_info)
{
	struct ipvs_kernel_info info = {0};
	int err = ask(kernel, IPVS_CMD_GET_INFO, read_info, &info);

	if (err == 0)
		*ret_info = info;
	return err;
}

static int read_timeouts(void *ctx, const struct nlmsghdr *message)
{
	struct ipvs_timeouts *timeouts = ctx;

	/* A kernel without TCP or UDP in IPVS leaves theirs out. */
	(void)ipvs_attr_u32(message, IPVS_CMD_ATTR_TIMEOUT_TCP, &timeouts->tcp_s);
	(void)ipvs_attr_u32(message, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, &timeouts->tcp_fin_s);
	(void)ipvs_attr_u32(message, IPVS_CMD_ATTR_TIMEOUT_UDP, &timeouts->udp_s);
	return 0;
}

int ipvs_kernel_timeouts(struct ipvs_kernel *kernel, struct ipvs_timeouts *ret)
{
	struct ipvs_timeouts timeouts = {0};
	int err = ask(kernel, IPVS_CMD_GET_CONFIG, read_timeouts, &timeouts);

	if (err == 0)
		*ret = timeouts;
	return err;
}

int ipvs_kernel_set_timeouts(struct ipvs_kernel *kernel, const struct ipvs_timeouts *timeouts)
{
	struct nlmsghdr *message;

	nl_batch_clear(&kernel->batch);
	message = genl_begin(&kernel->batch, kernel->family, IPVS_CMD_SET_CONFIG, 0);
	mnl_attr_put_u32(message, IPVS_CMD_ATTR_TIMEOUT_TCP, timeouts->tcp_s);
	mnl_attr_put_u32(message, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, timeouts->tcp_fin_s);
	mnl_attr_put_u32(message, IPVS_CMD_ATTR_TIMEOUT_UDP, timeouts->udp_s);
	nl_batch_end(&kernel->batch, message);
	return nl_request(kernel->nl, &kernel->batch, NULL, NULL);
}

/* --- dumps --- */

/* What one dump gives, before it moves to the table's arena. One of 'services' and 'dests'. */
struct reading {
	struct ipvs_service *services;
	struct ipvs_dest *dests;
	struct ipvs_stats *stats; /* parallel */
	size_t count;
	size_t capacity;
	enum addr_family family; /* of the service whose dests these are */
	size_t unknown;          /* entries not understood */
};

static void forget(void *ctx)
{
	struct reading *r = ctx;

	r->count = 0;
	r->unknown = 0;
}

static int read_service(void *ctx, const struct nlmsghdr *message)
{
	struct reading *r = ctx;

	if (r->count == r->capacity) {
		r->capacity = r->capacity * 2 + 64;
		r->services = xreallocarray(r->services, r->capacity, sizeof(*r->services));
		r->stats = xreallocarray(r->stats, r->capacity, sizeof(*r->stats));
	}
	if (ipvs_attr_service(message, &r->services[r->count], &r->stats[r->count]) < 0)
		r->unknown++;
	else
		r->count++;
	return 0;
}

static int read_dest(void *ctx, const struct nlmsghdr *message)
{
	struct reading *r = ctx;

	if (r->count == r->capacity) {
		r->capacity = r->capacity * 2 + 64;
		r->dests = xreallocarray(r->dests, r->capacity, sizeof(*r->dests));
		r->stats = xreallocarray(r->stats, r->capacity, sizeof(*r->stats));
	}
	if (ipvs_attr_dest(message, r->family, &r->dests[r->count], &r->stats[r->count]) < 0)
		r->unknown++;
	else
		r->count++;
	return 0;
}

static void reading_done(struct reading *r)
{
	free(r->services);
	free(r->dests);
	free(r->stats);
}

static int dump_services(struct ipvs_kernel *kernel, bool with_stats, struct ipvs_table *table,
                         size_t *unknown)
{
	struct reading r = {0};
	const struct nl_dump dump = {forget, read_service, &r};
	struct ipvs_stats *stats;
	int err;

	nl_batch_clear(&kernel->batch);
	nl_batch_end(&kernel->batch,
	             genl_begin(&kernel->batch, kernel->family, IPVS_CMD_GET_SERVICE, 0));
	err = nl_dump(kernel->nl, &kernel->batch, &dump);
	if (err == 0) {
		table->services =
			arena_memdup(&table->arena, r.services, r.count * sizeof(*r.services));
		table->service_count = r.count;
		if (with_stats) {
			stats = arena_memdup(&table->arena, r.stats, r.count * sizeof(*stats));
			for (size_t i = 0; i < r.count; i++)
				table->services[i].stats = &stats[i];
		}
		*unknown += r.unknown;
	}
	reading_done(&r);
	return err;
}

/* 'r' is scratch, used again and again. */
static int dump_dests(struct ipvs_kernel *kernel, bool with_stats, struct arena *arena,
                      struct ipvs_service *service, struct reading *r)
{
	const struct nl_dump dump = {forget, read_dest, r};
	struct ipvs_stats *stats;
	int err;

	r->family = (enum addr_family)service->key.addr.family;
	nl_batch_clear(&kernel->batch);
	ipvs_attr_get_dests(&kernel->batch, kernel->family, &service->key);
	err = nl_dump(kernel->nl, &kernel->batch, &dump);
	if (err < 0 || r->count == 0)
		return err;
	service->dests = arena_memdup(arena, r->dests, r->count * sizeof(*r->dests));
	service->dest_count = r->count;
	if (with_stats) {
		stats = arena_memdup(arena, r->stats, r->count * sizeof(*stats));
		for (size_t i = 0; i < r->count; i++)
			service->dests[i].stats = &stats[i];
	}
	return 0;
}

int ipvs_kernel_dump(struct ipvs_kernel *kernel, const struct ipvs_dump *dump,
                     struct ipvs_table *ret_table, size_t *ret_unknown)
{
	struct ipvs_table table;
	struct reading r = {0};
	size_t unknown = 0;
	int err;

	ipvs_table_init(&table);
	err = dump_services(kernel, dump->stats, &table, &unknown);
	for (size_t i = 0; err == 0 && i < table.service_count; i++) {
		struct ipvs_service *service = &table.services[i];

		if (dump->wants_dests && !dump->wants_dests(dump->ctx, &service->key))
			continue;
		err = dump_dests(kernel, dump->stats, &table.arena, service, &r);
		unknown += r.unknown;
	}
	reading_done(&r);
	if (err < 0) {
		ipvs_table_done(&table);
		return err;
	}
	ipvs_table_sort(&table);
	*ret_table = table;
	if (ret_unknown)
		*ret_unknown = unknown;
	return 0;
}

/* One service and its real servers, each asked for by itself. */
static int look_twice(struct ipvs_kernel *kernel, const struct ipvs_key *key, struct arena *arena,
                      struct reading *services, struct reading *dests)
{
	size_t before = services->count;
	int err;

	nl_batch_clear(&kernel->batch);
	ipvs_attr_get_service(&kernel->batch, kernel->family, key);
	err = nl_request(kernel->nl, &kernel->batch, read_service, services);
	if (err == 0 && services->count > before)
		err = dump_dests(kernel, false, arena, &services->services[before], dests);
	return err;
}

static int look_at(struct ipvs_kernel *kernel, const struct ipvs_key *key, struct arena *arena,
                   struct reading *services, struct reading *dests)
{
	const struct nl_dump dump = {forget, read_dest, dests};
	size_t before = services->count;
	struct ipvs_service *service;
	int err;

	dests->family = (enum addr_family)key->addr.family;
	nl_batch_clear(&kernel->batch);
	ipvs_attr_get_service(&kernel->batch, kernel->family, key);
	ipvs_attr_get_dests(&kernel->batch, kernel->family, key);
	err = nl_request_dump(kernel->nl, &kernel->batch, read_service, services, &dump);
	if (err == -EINTR) {
		services->count = before;
		return look_twice(kernel, key, arena, services, dests);
	}
	if (err < 0 || services->count == before || dests->count == 0)
		return err;
	service = &services->services[before];
	service->dests = arena_memdup(arena, dests->dests, dests->count * sizeof(*dests->dests));
	service->dest_count = dests->count;
	return 0;
}

int ipvs_kernel_look(struct ipvs_kernel *kernel, const struct ipvs_scope *scope,
                     struct ipvs_table *ret_table, size_t *ret_unknown)
{
	struct reading services = {0}, dests = {0};
	struct ipvs_table table;
	size_t unknown = 0;
	int err = 0;

	ipvs_table_init(&table);
	for (size_t i = 0; err == 0 && i < scope->count; i++) {
		err = look_at(kernel, &scope->keys[i], &table.arena, &services, &dests);
		if (err == -ESRCH)
			err = 0; /* it isn't there */
		unknown += dests.unknown;
	}
	unknown += services.unknown;
	table.services = arena_memdup(&table.arena, services.services,
	                              services.count * sizeof(*services.services));
	table.service_count = services.count;
	reading_done(&services);
	reading_done(&dests);
	if (err < 0) {
		ipvs_table_done(&table);
		return err;
	}
	ipvs_table_sort(&table);
	*ret_table = table;
	if (ret_unknown)
		*ret_unknown = unknown;
	return 0;
}

/* --- carrying out --- */

/* A plan under way. Each missing scheduler makes the kernel call modprobe, so a name it hasn't
 * taken before goes alone and first, and what follows with a missing one stays here. */
struct applying {
	struct ipvs_kernel *kernel;
	const struct ipvs_plan *plan;
	int *results;
	size_t pending[NL_BATCH_CHUNK]; /* operation of each message in the batch */
	size_t pending_count;
	char missing[SCHEDULERS_MAX][IPVS_SCHEDULER_SIZE];
	size_t missing_count;
	const struct ipvs_service *refused; /* not made, so its dests needn't be tried */
};

static bool has_name(const char names[][IPVS_SCHEDULER_SIZE], size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

static void add_name(char names[][IPVS_SCHEDULER_SIZE], size_t *count, const char *name)
{
	if (*count < SCHEDULERS_MAX)
		snprintf(names[(*count)++], IPVS_SCHEDULER_SIZE, "%s", name);
}

static void note_failure(void *ctx, size_t index, int error)
{
	struct applying *a = ctx;

	a->results[a->pending[index]] = error;
}

static int send_pending(struct applying *a)
{
	int err;

	err = nl_batch_run(a->kernel->nl, &a->kernel->batch, NL_BATCH_PIPELINED, note_failure, a);
	nl_batch_clear(&a->kernel->batch);
	a->pending_count = 0;
	return err;
}

static void put_pending(struct applying *a, size_t index)
{
	ipvs_attr_op(&a->kernel->batch, a->kernel->family, &a->plan->ops[index]);
	a->pending[a->pending_count++] = index;
}

/* An operation that names a scheduler for the first time. */
static int try_scheduler(struct applying *a, size_t index)
{
	const struct ipvs_op *op = &a->plan->ops[index];
	int err;

	err = send_pending(a);
	if (err < 0)
		return err;
	put_pending(a, index);
	err = send_pending(a);
	if (err < 0)
		return err;
	if (a->results[index] == ENOENT)
		add_name(a->missing, &a->missing_count, op->service->scheduler);
	else if (a->results[index] == 0)
		add_name(a->kernel->known, &a->kernel->known_count, op->service->scheduler);
	if (a->results[index] != 0 && op->kind == IPVS_OP_ADD_SERVICE)
		a->refused = op->service;
	return 0;
}

static int apply_op(struct applying *a, size_t index)
{
	const struct ipvs_op *op = &a->plan->ops[index];
	bool names_scheduler = op->kind == IPVS_OP_ADD_SERVICE || op->kind == IPVS_OP_SET_SERVICE;
	const char *scheduler = op->service->scheduler;

	if (op->dest && op->service == a->refused) {
		a->results[index] = ECANCELED;
		return 0;
	}
	if (names_scheduler && has_name(a->missing, a->missing_count, scheduler)) {
		a->results[index] = ENOENT;
		if (op->kind == IPVS_OP_ADD_SERVICE)
			a->refused = op->service;
		return 0;
	}
	if (names_scheduler && a->missing_count < SCHEDULERS_MAX &&
	    a->kernel->known_count < SCHEDULERS_MAX &&
	    !has_name(a->kernel->known, a->kernel->known_count, scheduler))
		return try_scheduler(a, index);
	put_pending(a, index);
	return a->pending_count == NL_BATCH_CHUNK ? send_pending(a) : 0;
}

/* Makes of the kernel's verdicts what they mean for the one who asked. */
static void interpret(const struct ipvs_plan *plan, int *results)
{
	const struct ipvs_service *refused = NULL;

	for (size_t i = 0; i < plan->count; i++) {
		const struct ipvs_op *op = &plan->ops[i];

		switch (op->kind) {
		case IPVS_OP_ADD_SERVICE:
			if (results[i] != 0 && results[i] != EEXIST)
				refused = op->service;
			break;
		case IPVS_OP_ADD_DEST:
			if (op->service == refused && results[i] == ESRCH)
				results[i] = ECANCELED;
			break;
		case IPVS_OP_DEL_DEST:
		case IPVS_OP_DEL_SERVICE:
			if (results[i] == ESRCH || results[i] == ENOENT)
				results[i] = 0;
			break;
		case IPVS_OP_SET_SERVICE:
		case IPVS_OP_SET_DEST:
			break;
		}
	}
}

int ipvs_kernel_apply(struct ipvs_kernel *kernel, const struct ipvs_plan *plan, int *results)
{
	struct applying a;
	int err = 0;

	a.kernel = kernel; /* the tables in it begin empty */
	a.plan = plan;
	a.results = results;
	a.pending_count = a.missing_count = 0;
	a.refused = NULL;
	nl_batch_clear(&kernel->batch);
	if (plan->count > 0)
		memset(results, 0, plan->count * sizeof(*results));
	for (size_t i = 0; err == 0 && i < plan->count; i++)
		err = apply_op(&a, i);
	if (err == 0)
		err = send_pending(&a);
	if (err == 0)
		interpret(plan, results);
	return err;
}
