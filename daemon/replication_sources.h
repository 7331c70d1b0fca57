/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/replication_sources.h - which source address flows get by source NAT, and whether IPVS's
 * word on one of them can be believed.
 *
 * Pure. Time: microseconds on the monotonic clock; seconds are those of flow tables. IPVS does not
 * know what source NAT makes of a flow. In a rush connection tracking is silent (nft/rush.h) on
 * flows of a virtual address that got the source which is known of it here, and kept their port; it
 * tells of all others, at once, while IPVS's word comes later. So a flow that IPVS tells of and
 * that connection tracking did not tell of is one of those it is silent on. */

#ifndef LINTEL_DAEMON_REPLICATION_SOURCES_H
#define LINTEL_DAEMON_REPLICATION_SOURCES_H

#include "lib/compiler.h"
#include "model/flow_table.h"
#include "nft/rush.h"

/* Virtual addresses with a protocol each; flows of those beyond keep their events. */
#define REPLICATION_SOURCES_MAX     1024
/* A source that is not expected any more is believed so much longer: words on flows that got it may
 * be under way. */
#define REPLICATION_SOURCES_LATE_US INT64_C(2000000)
/* IPVS's words are at most so old. */
#define REPLICATION_SOURCES_OLD_US  INT64_C(200000)
/* Then it is left alone so long: where most flows keep their events, to be told by both is dearer.
 */
#define REPLICATION_SOURCES_REST_US INT64_C(60000000)
/* The same of a flow: what IPVS says so soon after connection tracking may be older. */
#define REPLICATION_SOURCES_LATE_S  2

struct replication_source {
	struct nft_rush_source is;
	uint64_t same;      /* flows of which IPVS alone told, since the last look */
	uint64_t others;    /* flows that got another source, or another port */
	bool muted;         /* the kernel is silent on it */
	bool fresh;         /* since the last look: words are late, it is not weighed yet */
	bool over;          /* given up, and all words on it have been heard */
	int64_t guarded_us; /* since then IPVS sees nothing of it that is no flow; TIME_NEVER: it
	                       may */
	int64_t left_us;    /* it is not expected any more, since; TIME_NEVER: it is */
};

struct replication_sources {
	struct replication_source *items; /* owned; sorted */
	size_t count;
	bool changed; /* since they were arranged last */
};

void replication_sources_done(struct replication_sources *sources);
/* Connection tracking says which source a new flow has got. */
void replication_sources_note(struct replication_sources *sources, const struct model_flow *flow);
/* What such a flow gets if it is a silent one; NULL: none are. */
const struct addr *replication_sources_foresee(const struct replication_sources *sources,
                                               const struct model_flow *flow);
/* It was one. */
void replication_sources_count(struct replication_sources *sources, const struct model_flow *flow);
/* Once a second or so: one of which fewer flows are silent than others is given up, and learned
 * anew after a while. */
void replication_sources_look(struct replication_sources *sources, int64_t now_us);
/* What the kernel is to have (nft/rush.h) in a rush, or when it is over ('rush' is false) until the
 * last words are heard: then nothing is silent. From the first time on a source is guarded; it is
 * silent once older words have been heard. The caller frees it. '*ret_next_us': when there will be
 * something else; TIME_NEVER. */
struct nft_rush_source *replication_sources_arrange(struct replication_sources *sources, bool rush,
                                                    int64_t now_us, size_t *ret_count,
                                                    int64_t *ret_next_us);
/* Is any of them expected? */
bool replication_sources_any(const struct replication_sources *sources);
/* The kernel has none of them any more. */
void replication_sources_rest(struct replication_sources *sources);

enum replication_word {
	REPLICATION_WORD_IGNORED,  /* it can't be known whether it is so */
	REPLICATION_WORD_KEEPS,    /* it is, with the source and port that are known */
	REPLICATION_WORD_FORESEEN, /* it is a silent one, with its source foreseen and its own port
	                            */
};
const char *replication_word_name(enum replication_word word); /* "ignored" */

/* What becomes of IPVS's word on a flow with source NAT, once all is noted that connection tracking
 * told until well after that word was sent. 'entry' is what is known of the flow, NULL: nothing;
 * 'told_s' of it when connection tracking told of it last, 0: never. 'foreseen': there is a source
 * for silent flows. */
enum replication_word replication_word_judge(const struct model_flow_entry *entry, uint32_t told_s,
                                             const struct model_flow *word, bool foreseen,
                                             uint32_t now_s);

#endif
