/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/pages.h"

#include "daemon/app.h"
#include "daemon/metrics.h"
#include "daemon/page.h"
#include "daemon/report.h"

#include "lib/mono.h"

#include <stdlib.h>

enum { HTTP_OK = 200, HTTP_UNAVAILABLE = 503 };

/* That it answers at all is the point: the loop turns. */
static unsigned live(void *ctx, struct text *out)
{
	text_add(out, "ok\n");
	return HTTP_OK;
}

static void not_ready(struct text *out, const struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		text_printf(out, "%s: %s\n", problems->component, problems->items[i]);
}

/* Ready: what is wanted is in the kernel, and this node could serve it or take it over. */
static unsigned ready(void *ctx, struct text *out)
{
	const struct app *app = ctx;
	const struct reconcile *r = &app->reconcile;

	if (app->stopping)
		text_add(out, "stopping\n");
	if (app->kubernetes && !kubernetes_is_known(app->kubernetes))
		text_add(out, "the cluster's state is not known yet\n");
	else if (r->turn_count == 0)
		text_add(out, "the kernel has not been compared yet\n");
	not_ready(out, &r->balance.problems);
	if (!r->nft_in_step)
		not_ready(out, &r->nft_problems);
	not_ready(out, &r->proxy_problems);
	for (size_t i = 0; i < app->router_count; i++) {
		if (app->routers[i].state == MODEL_ROUTER_INITIALIZE)
			text_printf(out, "virtual router %s takes no part: %s\n",
			            app->routers[i].name, app->routers[i].problem);
	}
	if (out->len)
		return HTTP_UNAVAILABLE;
	text_add(out, "ok\n");
	return HTTP_OK;
}

static unsigned print(json_t *value, struct text *out)
{
	char *json = json_dumps(value, JSON_COMPACT);

	text_add(out, json ? json : "null");
	text_add(out, "\n");
	free(json);
	json_decref(value);
	return HTTP_OK;
}

static unsigned status(void *ctx, struct text *out)
{
	app_look(ctx);
	return print(report_status(ctx, mono_now_us()), out);
}

static unsigned servers(void *ctx, struct text *out)
{
	struct app *app = ctx;
	struct ipvs_table found;

	if (balance_read(&app->reconcile.balance, &found)) {
		text_add(out, "{\"error\":\"IPVS can't be read\"}\n");
		return HTTP_UNAVAILABLE;
	}
	unsigned code = print(report_list(app, &found, mono_now_us()), out);
	ipvs_table_done(&found);
	return code;
}

static unsigned metrics(void *ctx, struct text *out)
{
	struct app *app = ctx;
	struct ipvs_table found;
	bool read = balance_read(&app->reconcile.balance, &found) == 0;

	app_look(app);

	metrics_write(app, read ? &found : NULL, mono_now_us(), out);
	if (read)
		ipvs_table_done(&found);
	return HTTP_OK;
}

static unsigned page(void *ctx, struct text *out)
{
	text_add_len(out, page_html, page_html_size);
	return HTTP_OK;
}

const struct http_page daemon_pages[] = {
	{"/", PAGE_CONTENT_TYPE, page, page_policy},
	{"/metrics", METRICS_CONTENT_TYPE, metrics, NULL},
	{"/livez", "text/plain; charset=utf-8", live, NULL},
	{"/readyz", "text/plain; charset=utf-8", ready, NULL},
	{"/api/v1/status", "application/json", status, NULL},
	{"/api/v1/servers", "application/json", servers, NULL},
	{0},
};
