/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An API server that is never what one waits for: everything is in memory as text, lists are joined
 * from it, and an event is one write. The stand-in of tests/k8s judges its clients and is slow;
 * this one believes them.
 *
 *   apibench ADDRESS PORT FILE [no-streaming]
 *
 * FILE has an object a line, as JSON, with its collection in "path" beside apiVersion and kind
 * ("/api/v1/services"), which is taken out. HTTP/1.1: GET of lists (limit, continue), watches
 * (sendInitialEvents) and objects; POST, PUT, PATCH (merge; an apply is taken for one). Whatever
 * changes is told to those who watch, and X-Written of the answer is the instant (CLOCK_MONOTONIC,
 * us) before the first of them was written to. Each request is a line on stdout.
 *
 * Reason: one program beside the tree; it has no headers to share. */
#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define COLLECTIONS_MAX 32
#define AHEAD_MAX       ((size_t)256 * 1024) /* bytes of a list that lie ready to be sent */

struct text {
	char *data;
	size_t size, capacity;
};

struct object {
	char *key;  /* "namespace/name" */
	char *text; /* JSON */
};

struct collection {
	char path[128]; /* "/api/v1/services" */
	char kind[64], version[64];
	struct object *items; /* by key */
	size_t count, capacity;
};

struct connection {
	int fd;
	struct text in, out;
	size_t sent;
	struct collection *watched; /* NULL: answers requests */
	char selector[128];         /* a label that its objects have; "": any */
	bool waits;                 /* for room to write */
	bool listing;               /* what is there already is still being told ... */
	size_t listed;              /* ... so many of it were */
	struct connection *next;
};

static struct collection collections[COLLECTIONS_MAX];
static size_t collection_count;
static struct connection *connections;
static unsigned long version = 1000;
static int64_t written_us; /* of the event under way; 0: to nobody yet */
static bool streaming = true;
static int poller;

static void *need(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void add(struct text *text, const char *data, size_t size)
{
	if (text->size + size + 1 > text->capacity) {
		text->capacity = (text->size + size + 1) * 2;
		text->data = need(realloc(text->data, text->capacity));
	}
	memcpy(text->data + text->size, data, size);
	text->size += size;
	text->data[text->size] = '\0';
}

__attribute__((format(printf, 2, 3))) static void print(struct text *text, const char *fmt, ...)
{
	char buf[2048];
	va_list args;

	va_start(args, fmt);
	int size = vsnprintf(buf, sizeof(buf), fmt, args);
	va_end(args);
	add(text, buf, size < (int)sizeof(buf) ? (size_t)size : sizeof(buf) - 1);
}

/* --- objects --- */

static struct collection *find_collection(const char *path, size_t size)
{
	for (size_t i = 0; i < collection_count; i++) {
		if (strlen(collections[i].path) == size &&
		    memcmp(collections[i].path, path, size) == 0)
			return &collections[i];
	}
	return NULL;
}

static struct collection *collection_of(const char *path, const json_t *object)
{
	struct collection *collection = find_collection(path, strlen(path));

	if (collection)
		return collection;
	if (collection_count == COLLECTIONS_MAX)
		abort();
	collection = &collections[collection_count++];
	snprintf(collection->path, sizeof(collection->path), "%s", path);
	snprintf(collection->kind, sizeof(collection->kind), "%s",
	         json_string_value(json_object_get(object, "kind")));
	snprintf(collection->version, sizeof(collection->version), "%s",
	         json_string_value(json_object_get(object, "apiVersion")));
	return collection;
}

/* Where the key is or belongs. */
static size_t place_of(const struct collection *collection, const char *key)
{
	size_t low = 0, high = collection->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(collection->items[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct object *find(const struct collection *collection, const char *key)
{
	size_t place = place_of(collection, key);

	return place < collection->count && strcmp(collection->items[place].key, key) == 0
	               ? &collection->items[place]
	               : NULL;
}

/* --- writing --- */

static void answer(struct connection *c, int status, const char *body, size_t size)
{
	print(&c->out,
	      "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n", status,
	      status < 300 ? "OK" : "No", size);
	if (written_us)
		print(&c->out, "X-Written: %lld\r\n", (long long)written_us);
	add(&c->out, "\r\n", 2);
	add(&c->out, body, size);
}

static void refuse(struct connection *c, int status, const char *message)
{
	char body[256];

	snprintf(body, sizeof(body),
	         "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"code\":%d,"
	         "\"message\":\"%s\"}",
	         status, message);
	answer(c, status, body, strlen(body));
}

static void add_event(struct connection *c, const char *type, const char *object)
{
	size_t size = strlen(type) + strlen(object) + 23; /* with its line end */

	print(&c->out, "%zx\r\n{\"type\":\"%s\",\"object\":", size, type);
	add(&c->out, object, strlen(object));
	add(&c->out, "}\n\r\n", 4);
}

static bool is_selected(const struct connection *c, const struct object *object)
{
	return !c->selector[0] || strstr(object->text, c->selector);
}

/* More of what is there, up to 'limit' bytes that wait to be sent. */
static void list_more(struct connection *c, size_t limit)
{
	char bookmark[512];

	for (; c->listing && c->out.size < limit; c->listed++) {
		const struct collection *of = c->watched;

		if (c->listed < of->count) {
			if (is_selected(c, &of->items[c->listed]))
				add_event(c, "ADDED", of->items[c->listed].text);
			continue;
		}
		snprintf(bookmark, sizeof(bookmark),
		         "{\"kind\":\"%s\",\"apiVersion\":\"%s\",\"metadata\":{"
		         "\"resourceVersion\":\"%lu\",\"annotations\":{"
		         "\"k8s.io/initial-events-end\":\"true\"}}}",
		         of->kind, of->version, version);
		add_event(c, "BOOKMARK", bookmark);
		c->listing = false;
	}
}

/* A list is told as it is taken: were all of it written first, whoever shares our processor would
 * wait for that, and for the memory that it takes. */
static void flush(struct connection *c)
{
	do {
		if (c->sent == c->out.size)
			c->sent = c->out.size = 0;
		list_more(c, AHEAD_MAX);
		while (c->sent < c->out.size) {
			ssize_t n = send(c->fd, c->out.data + c->sent, c->out.size - c->sent,
			                 MSG_NOSIGNAL);
			if (n < 0)
				break;
			c->sent += (size_t)n;
		}
	} while (c->listing && c->sent == c->out.size);
	if (c->sent == c->out.size)
		c->sent = c->out.size = 0;
	if (c->waits != (c->out.size > 0)) {
		struct epoll_event event = {.data.ptr = c};
		c->waits = c->out.size > 0;
		event.events = EPOLLIN | (c->waits ? EPOLLOUT : 0);
		epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
	}
}

static void tell(const struct collection *collection, const struct object *object, const char *type)
{
	for (struct connection *c = connections; c; c = c->next) {
		if (c->watched != collection || !is_selected(c, object))
			continue;
		list_more(c, SIZE_MAX); /* what was there comes first */
		add_event(c, type, object->text);
		if (!written_us)
			written_us = now_us();
		flush(c);
	}
}

/* Takes 'json' over. */
static struct object *put(struct collection *collection, json_t *json)
{
	json_t *metadata = json_object_get(json, "metadata");
	const char *namespace = json_string_value(json_object_get(metadata, "namespace"));
	char key[600], number[32];

	snprintf(number, sizeof(number), "%lu", ++version);
	json_object_set_new(metadata, "resourceVersion", json_string(number));
	snprintf(key, sizeof(key), "%s/%s", namespace ? namespace : "",
	         json_string_value(json_object_get(metadata, "name")));
	struct object *object = find(collection, key);
	bool is_new = !object;
	if (is_new) {
		size_t place = place_of(collection, key);
		if (collection->count == collection->capacity) {
			collection->capacity = collection->capacity * 2 + 64;
			collection->items = need(realloc(
				collection->items, collection->capacity * sizeof(struct object)));
		}
		memmove(&collection->items[place + 1], &collection->items[place],
		        (collection->count++ - place) * sizeof(struct object));
		object = &collection->items[place];
		*object = (struct object){need(strdup(key)), NULL};
	}
	free(object->text);
	object->text = need(json_dumps(json, JSON_COMPACT));
	json_decref(json);
	tell(collection, object, is_new ? "ADDED" : "MODIFIED");
	return object;
}

/* RFC 7396 */
static void merge(json_t *into, json_t *patch)
{
	const char *key;
	json_t *value;

	json_object_foreach(patch, key, value)
	{
		json_t *there = json_object_get(into, key);

		if (json_is_null(value)) {
			json_object_del(into, key);
		} else if (json_is_object(value)) {
			if (!json_is_object(there)) {
				there = json_object();
				json_object_set_new(into, key, there);
			}
			merge(there, value);
		} else {
			json_object_set(into, key, value);
		}
	}
}

/* --- requests --- */

/* The value of a parameter, as written; "" when there is none. */
static const char *parameter(const char *query, const char *name, char buf[static 256])
{
	size_t len = strlen(name);

	buf[0] = '\0';
	for (const char *at = query; at && *at; at = strchr(at, '&')) {
		at += *at == '&';
		if (strncmp(at, name, len) == 0 && at[len] == '=')
			snprintf(buf, 256, "%.*s", (int)strcspn(at + len + 1, "& "), at + len + 1);
	}
	return buf;
}

static void list(struct connection *c, const struct collection *collection, const char *query)
{
	char value[256];
	size_t limit = strtoul(parameter(query, "limit", value), NULL, 10);
	size_t at = strtoul(parameter(query, "continue", value), NULL, 10);
	size_t end = limit && at + limit < collection->count ? at + limit : collection->count;
	struct text body = {0};

	print(&body,
	      "{\"kind\":\"%sList\",\"apiVersion\":\"%s\",\"metadata\":{\"resourceVersion\":"
	      "\"%lu\"",
	      collection->kind, collection->version, version);
	if (end < collection->count)
		print(&body, ",\"continue\":\"%zu\"", end);
	print(&body, "},\"items\":[");
	bool first = true;
	for (; at < end; at++) {
		if (!is_selected(c, &collection->items[at]))
			continue;
		add(&body, ",", !first);
		add(&body, collection->items[at].text, strlen(collection->items[at].text));
		first = false;
	}
	print(&body, "]}");
	answer(c, 200, body.data, body.size);
	free(body.data);
}

static void watch(struct connection *c, struct collection *collection, bool initial)
{
	print(&c->out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	               "Transfer-Encoding: chunked\r\n\r\n");
	c->watched = collection;
	c->listing = initial;
}

static void get(struct connection *c, struct collection *collection, const char *key,
                const char *query)
{
	char value[256];

	if (*key) {
		const struct object *object = find(collection, key);
		if (object)
			answer(c, 200, object->text, strlen(object->text));
		else
			refuse(c, 404, "there is none");
		return;
	}
	snprintf(c->selector, sizeof(c->selector), "%.*s",
	         (int)strcspn(parameter(query, "labelSelector", value), "%="), value);
	bool initial = *parameter(query, "sendInitialEvents", value);
	if (initial && !streaming)
		refuse(c, 422, "sendInitialEvents is forbidden");
	else if (*parameter(query, "watch", value))
		watch(c, collection, initial);
	else
		list(c, collection, query);
}

static void change(struct connection *c, const char *method, struct collection *collection,
                   const char *key, json_t *json)
{
	const struct object *there = *key ? find(collection, key) : NULL;

	if (strcmp(method, "PATCH") == 0 && there) {
		json_t *merged = json_loads(there->text, 0, NULL);
		merge(merged, json);
		json_decref(json);
		json = merged;
	}
	if (!json_is_object(json_object_get(json, "metadata"))) {
		json_decref(json);
		refuse(c, 404, "there is none");
		return;
	}
	const struct object *object = put(collection, json);
	answer(c, strcmp(method, "POST") == 0 ? 201 : 200, object->text, strlen(object->text));
}

/* "/apis/apps/v1/namespaces/NS/things/NAME/status" is NS/NAME of "/apis/apps/v1/things". */
static struct collection *resolve(char *path, char key[static 600])
{
	char *parts[16], base[256] = "", namespace[256] = "", name[256] = "";
	size_t count = 0, at;

	for (char *part = strtok(path, "/"); part && count < 16; part = strtok(NULL, "/"))
		parts[count++] = part;
	at = count > 0 && strcmp(parts[0], "api") == 0 ? 2 : 3;
	if (count <= at)
		return NULL;
	for (size_t i = 0; i < at; i++) {
		strncat(base, "/", sizeof(base) - strlen(base) - 1);
		strncat(base, parts[i], sizeof(base) - strlen(base) - 1);
	}
	if (strcmp(parts[at], "namespaces") == 0 && count > at + 2) {
		snprintf(namespace, sizeof(namespace), "%s", parts[at + 1]);
		at += 2;
	}
	strncat(base, "/", sizeof(base) - strlen(base) - 1);
	strncat(base, parts[at], sizeof(base) - strlen(base) - 1);
	if (count > at + 1)
		snprintf(name, sizeof(name), "%s", parts[at + 1]);
	snprintf(key, 600, "%s%s%s", *name ? namespace : "", *name ? "/" : "", name);
	return find_collection(base, strlen(base));
}

static void handle(struct connection *c, const char *method, char *target, const char *body,
                   size_t size)
{
	char key[600] = "";
	char *query = strchr(target, '?');

	printf("%s %s\n", method, target);
	fflush(stdout);
	if (query)
		*query++ = '\0';
	written_us = 0;
	struct collection *collection = resolve(target, key);
	if (!collection) {
		refuse(c, 404, "there is none");
	} else if (strcmp(method, "GET") == 0) {
		get(c, collection, key, query);
	} else {
		json_t *json = json_loadb(body, size, 0, NULL);
		if (json_is_object(json))
			change(c, method, collection, key, json);
		else
			refuse(c, 400, "no object");
	}
	flush(c);
}

/* One request, if it is whole. */
static bool take_request(struct connection *c)
{
	char *end = c->in.size ? strstr(c->in.data, "\r\n\r\n") : NULL;
	char method[16], target[4096];
	size_t size = 0;

	if (!end || c->watched)
		return false;
	for (char *line = strstr(c->in.data, "\r\n"); line < end; line = strstr(line + 2, "\r\n")) {
		if (strncasecmp(line + 2, "content-length:", 15) == 0)
			size = strtoul(line + 17, NULL, 10);
	}
	size_t head = (size_t)(end + 4 - c->in.data);
	if (c->in.size < head + size || sscanf(c->in.data, "%15s %4095s", method, target) != 2)
		return false;
	handle(c, method, target, c->in.data + head, size);
	memmove(c->in.data, c->in.data + head + size, c->in.size - head - size + 1);
	c->in.size -= head + size;
	return true;
}

/* --- connections --- */

static void end_connection(struct connection *c)
{
	struct connection **at = &connections;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	close(c->fd);
	free(c->in.data);
	free(c->out.data);
	free(c);
}

static void serve(struct connection *c, unsigned events)
{
	char buf[65536];

	if (events & EPOLLOUT)
		flush(c);
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	ssize_t n = recv(c->fd, buf, sizeof(buf), 0);
	if (n <= 0 && !(n < 0 && errno == EAGAIN)) {
		end_connection(c);
		return;
	}
	if (n > 0)
		add(&c->in, buf, (size_t)n);
	while (take_request(c))
		;
}

static void welcome(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), one = 1;
	struct connection *c = need(calloc(1, sizeof(*c)));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

	c->fd = fd;
	c->next = connections;
	connections = c;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

static void load(const char *name)
{
	FILE *file = fopen(name, "r");
	char *line = NULL;
	size_t size = 0;

	if (!file) {
		perror(name);
		exit(1);
	}
	while (getline(&line, &size, file) > 0) {
		json_t *json = json_loads(line, 0, NULL);
		const char *path = json_string_value(json_object_get(json, "path"));
		if (!path) {
			fprintf(stderr, "%s: no object with a path: %s", name, line);
			exit(1);
		}
		struct collection *collection = collection_of(path, json);
		json_object_del(json, "path");
		if (json_object_get(json,
		                    "metadata")) /* without: a collection with nothing in it */
			put(collection, json);
		else
			json_decref(json);
	}
	free(line);
	fclose(file);
}

int main(int argc, char *argv[])
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (argc < 4 || inet_pton(AF_INET, argv[1], &at.sin_addr) != 1) {
		fprintf(stderr, "usage: apibench ADDRESS PORT FILE [no-streaming]\n");
		return 2;
	}
	at.sin_port = htons((uint16_t)atoi(argv[2]));
	streaming = argc < 5;
	load(argv[3]);
	poller = epoll_create1(0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, 64)) {
		perror("listen");
		return 1;
	}
	struct epoll_event event = {.events = EPOLLIN};
	epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		/* one at a time: it may end others */
		if (epoll_wait(poller, &event, 1, -1) < 1)
			continue;
		if (event.data.ptr)
			serve(event.data.ptr, event.events);
		else
			welcome(listener);
	}
}
