/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/kubernetes_parts.h - what the parts of the cluster's source share.
 *
 * I/O, main thread. Private to daemon/kubernetes*.c. */

#ifndef LINTEL_DAEMON_KUBERNETES_PARTS_H
#define LINTEL_DAEMON_KUBERNETES_PARTS_H

#include "daemon/kubernetes.h"
#include "k8s/auth.h"
#include "k8s/cache.h"
#include "k8s/events.h"
#include "k8s/http.h"
#include "k8s/lease.h"
#include "k8s/names.h"
#include "k8s/path.h"
#include "k8s/reflector.h"
#include "k8s/request.h"
#include "k8s/stamp.h"
#include "k8s/status.h"
#include "k8s/store.h"
#include "k8s/translate.h"

#define KUBERNETES_COMPONENT "k8s"

/* A collection that is followed. */
struct kubernetes_resource {
	struct kubernetes *kubernetes;
	enum k8s_kind kind;
	struct k8s_reflector *reflector; /* NULL: not followed (yet) */
	uint64_t malformed;              /* objects that could not be read */
	size_t object_size;              /* k8s_decode_to_fit() */
};

/* kubernetes_lead.c: who gives addresses and writes. */
struct kubernetes_lead {
	struct k8s_lease lease;
	struct loop_deadline due;
	struct k8s_request_call *call; /* NULL: none under way */
	bool leading;                  /* as last told */
	char *failing;                 /* why it can't be had or kept; NULL: it can */
	bool open;
};

/* A node with an instance of Lintel, by its lease. */
struct kubernetes_member {
	char node[K8S_NAME_LEN_MAX + 1];
	char renewed[K8S_STAMP_SIZE]; /* as written */
	int64_t changed_us;           /* as seen here */
	bool held;                    /* says that its kube-proxy lets it take no part */
	bool marked;                  /* in the list under way */
};

/* kubernetes_members.c: on which nodes there are instances. */
struct kubernetes_members {
	struct kubernetes_member *items;
	size_t count;
	struct k8s_reflector *reflector;
	struct loop_deadline due;
	struct k8s_request_call *call; /* NULL: none under way */
	char *told;                    /* names that the translator has, one a line; NULL: none */
	char *failing;                 /* why the others are not told of us; NULL: they are */
	bool open;
};

/* kubernetes_cache.c: the last state on disk. */
enum kubernetes_cache_step {
	KUBERNETES_CACHE_IDLE,
	KUBERNETES_CACHE_WRITING,
	KUBERNETES_CACHE_SETTLING, /* the kernel writes to the disk */
};

struct kubernetes_cache {
	enum kubernetes_cache_step step;
	char *cluster;                 /* NULL: not known yet */
	struct k8s_request_call *call; /* NULL: none under way */
	struct loop_deadline due;
	struct k8s_cache_writer *writer;
	int fd;              /* of the file that is written; -1 */
	size_t written;      /* bytes */
	bool changed;        /* the store, since the last write began */
	bool failing;        /* told in the log */
	char *found_cluster; /* of the file that we began from; NULL: none */
	int64_t saved_us;    /* 0: never */
	bool open;
};

/* kubernetes_health.c: health check ports of Services. */
struct kubernetes_health_port;
struct kubernetes_health {
	struct kubernetes_health_port **ports;
	size_t count;
	struct loop_deadline again;
	bool due;        /* something changed */
	bool kube_proxy; /* serves them on this node */
	bool told_many;
	bool open;
};

#define KUBERNETES_WRITES_MAX 16

/* An object whose status is being written. */
struct kubernetes_write {
	struct kubernetes *kubernetes;
	bool again; /* something changed meanwhile */
	struct k8s_translate_key key;
	struct k8s_request_call *call; /* NULL: it is free */
};

/* kubernetes_later.c: objects to be looked at again, the first one first. */
struct kubernetes_waiting;
struct kubernetes_later {
	struct kubernetes_waiting *waiting;
};

/* What an object was last told to be, so that Events are about changes. */
struct kubernetes_told;

/* kubernetes_write.c: status, finalizers, Events. */
struct kubernetes_writer {
	struct kubernetes_write writes[KUBERNETES_WRITES_MAX];
	struct k8s_events *events;
	struct kubernetes_told *told;
	struct kubernetes_later soon; /* somebody else was faster, or something changed meanwhile */
	struct kubernetes_later late; /* the API server did not do it */
};

/* What is observed of a virtual router. */
struct kubernetes_active {
	char router[254];
	char node[K8S_NAME_LEN_MAX + 1]; /* "": nobody, or unknown */
	size_t address_count;
};

struct kubernetes {
	struct loop *loop;
	const struct daemon_run_options *options;
	struct kubernetes_handler handler;
	struct k8s_auth *auth;
	struct k8s_http *http;
	struct k8s_requests *requests;
	struct k8s_store *store;
	struct k8s_translator *translator;
	struct kubernetes_resource resources[K8S_KIND_COUNT];
	struct loop_deadline turn;
	bool woken;   /* since the last turn began */
	bool turning; /* a turn is under way */
	bool noted;   /* the store changed, and nobody was woken for that yet */
	uint64_t random;
	bool opened;                  /* 'turn' can be armed */
	struct kubernetes_held *held; /* may take no part beside our kube-proxy */
	size_t held_count;
	bool known;
	bool dirty;                            /* what we say is another, and was not joined yet */
	int64_t apply_at_us;                   /* not before */
	int64_t known_us;                      /* since when */
	const struct model_snapshot *snapshot; /* in force; borrowed; NULL: none yet */
	struct kubernetes_active *actives;
	size_t active_count;
	struct kubernetes_lead lead;
	struct kubernetes_members members;
	struct kubernetes_cache cache;
	struct kubernetes_health health;
	struct kubernetes_writer writer;
};

/* kubernetes.c */
/* There is something to do in the next turn of the loop. */
void kubernetes_wake(struct kubernetes *kubernetes);
/* A turn now: something came that should not wait. From the loop, not from a turn. */
void kubernetes_turn(struct kubernetes *kubernetes);
uint64_t kubernetes_seed(struct kubernetes *kubernetes);
/* "lintel", or "lintel-CLASS" with what no name may have replaced; then '-' and
 * 'more' unless it is "". Returns buf. */
#define KUBERNETES_NAME_SIZE 256
const char *kubernetes_name(const struct kubernetes *kubernetes, const char *more,
                            char buf[static KUBERNETES_NAME_SIZE]);

/* kubernetes_auth.c */
LT_MUST_USE int kubernetes_auth_open(const char *kubeconfig, struct k8s_auth **ret_auth,
                                     struct text *why);

/* kubernetes_follow.c */
LT_MUST_USE int kubernetes_follow_open(struct kubernetes *kubernetes);
void kubernetes_follow_close(struct kubernetes *kubernetes);
/* Follows what has become necessary. */
void kubernetes_follow_more(struct kubernetes *kubernetes);
/* Everything was listed, or can't be. */
bool kubernetes_follow_is_settled(const struct kubernetes *kubernetes);
/* Everything is followed right now. */
bool kubernetes_follow_in_step(const struct kubernetes *kubernetes);
/* A reflector's state is another one (NULL: it is just being made): for its handler. */
void kubernetes_follow_changed(struct kubernetes *kubernetes,
                               const struct k8s_reflector *reflector);
/* Can't be, as its kind is not there, or forbidden. */
bool kubernetes_follow_is_absent(const struct k8s_reflector *reflector);

/* kubernetes_cache.c */
LT_MUST_USE int kubernetes_cache_open(struct kubernetes *kubernetes);
void kubernetes_cache_close(struct kubernetes *kubernetes);
/* Fills the empty store. True: there was a good file. */
bool kubernetes_cache_load(struct kubernetes *kubernetes);
void kubernetes_cache_note(struct kubernetes *kubernetes); /* the store changed */

/* kubernetes_health.c */
LT_MUST_USE int kubernetes_health_open(struct kubernetes *kubernetes);
void kubernetes_health_close(struct kubernetes *kubernetes);
/* Serves what the translator now says. */
void kubernetes_health_step(struct kubernetes *kubernetes);

/* kubernetes_lead.c */
LT_MUST_USE int kubernetes_lead_open(struct kubernetes *kubernetes);
void kubernetes_lead_close(struct kubernetes *kubernetes);
void kubernetes_lead_release(struct kubernetes *kubernetes);
bool kubernetes_lead_is_ours(struct kubernetes *kubernetes, int64_t now_us);

/* kubernetes_members.c */
LT_MUST_USE int kubernetes_members_open(struct kubernetes *kubernetes);
void kubernetes_members_close(struct kubernetes *kubernetes);
/* Tells the others anew, soon. */
void kubernetes_members_publish(struct kubernetes *kubernetes);
bool kubernetes_members_are_known(const struct kubernetes *kubernetes);

/* kubernetes_later.c; 'due_us' is that of all others or later. 'why' NULL: as before. True: it was
 * not there, else it waits again. */
bool kubernetes_later_put(struct kubernetes_later *later, const struct k8s_translate_key *key,
                          int64_t due_us, const char *why);
void kubernetes_later_forget(struct kubernetes_later *later, const struct k8s_translate_key *key);
/* Of the first one; NULL and TIME_NEVER when there is none. */
const struct k8s_translate_key *kubernetes_later_first(const struct kubernetes_later *later);
const char *kubernetes_later_why(const struct kubernetes_later *later); /* NULL: as above */
size_t kubernetes_later_count(const struct kubernetes_later *later);
int64_t kubernetes_later_due(const struct kubernetes_later *later);
void kubernetes_later_close(struct kubernetes_later *later);

/* kubernetes_write.c */
void kubernetes_write_open(struct kubernetes *kubernetes);
void kubernetes_write_close(struct kubernetes *kubernetes);
/* Looks at some objects. When it wants to be called again, TIME_NEVER: when
 * something changed. */
int64_t kubernetes_write_step(struct kubernetes *kubernetes, int64_t now_us);
/* An Event about our own Node, by whoever it is about. */
void kubernetes_write_held(struct kubernetes *kubernetes, const char *sentence);

#endif
