/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is shipped as an example is right as shipped. */
#include "files/source.h"

#include "model/snapshot.h"
#include "tests/model/judge.h"
#include "tests/unit.h"

static char lintel_yaml[] = SOURCE_ROOT "/packaging/examples/lintel.yaml";
static char *const examples[] = {lintel_yaml};

START_TEST(every_example_has_nothing_wrong)
{
	struct files_source source;
	struct model_snapshot *snapshot;
	struct model_problems problems;
	char *lines;

	model_problems_init(&problems);
	files_source_init(&source, &examples[_i], 1);
	files_source_read(&source, &problems);
	snapshot = model_snapshot_build(source.objects, source.object_count, &problems);
	lines = judge_lines(&problems);
	ck_assert_str_eq(lines, "");
	ck_assert_uint_gt(snapshot->service_count, 0);
	free(lines);
	model_snapshot_free(snapshot);
	files_source_done(&source);
	model_problems_done(&problems);
}
END_TEST

/* The first words about the objects that people read; both kinds of sources come through here. */
static const char design[] =
	"apiVersion: lintel.io/v1alpha1\n"
	"kind: VirtualRouter            # an RFC 9568 virtual router: who owns these addresses\n"
	"metadata: {name: front}\n"
	"spec:\n"
	"  virtualRouterId: 51          # 1..255\n"
	"  interface: eth0\n"
	"  addresses:\n"
	"  - 10.77.0.100/24\n"
	"  - {address: 10.78.0.254/24, interface: eth1}\n"
	"  priority: 100                # 1..254, 255 = address owner\n"
	"  advertisementInterval: 100ms\n"
	"  preempt: false               # default\n"
	"  preemptDelay: 0s\n"
	"  peers: [10.77.0.12]\n"
	"  virtualMac: false\n"
	"  trackInterfaces: [eth1]\n"
	"---\n"
	"apiVersion: lintel.io/v1alpha1\n"
	"kind: VirtualServer            # one or more VIP:port, and what stands behind them\n"
	"metadata: {name: web, namespace: default}\n"
	"spec:\n"
	"  virtualRouter: front\n"
	"  addresses: [10.77.0.100]     # or addressPool: NAME\n"
	"  ports:\n"
	"  - {name: http, port: 80, targetPort: 8080, protocol: TCP, scheduler: rr}\n"
	"  - {name: media, portRange: {start: 16384, end: 16483}, protocol: UDP, scheduler: sh}\n"
	"  forwarding: nat              # nat | direct | tunnel\n"
	"  sourceNat: {mode: auto}      # auto | none | masquerade | address (+ address:)\n"
	"  persistence: {timeout: 300s}\n"
	"  servers:                     # real servers named outright, or\n"
	"  - {address: 10.78.0.21, port: 8080, weight: 1}\n"
	"  service: {name: web}         # the endpoints of a Kubernetes Service\n"
	"  healthCheck: {type: tcp, interval: 2s, timeout: 1s, rise: 2, fall: 3}\n"
	"---\n"
	"apiVersion: lintel.io/v1alpha1\n"
	"kind: AddressPool              # addresses that Services and virtual servers may be "
	"given\n"
	"metadata: {name: public}\n"
	"spec:\n"
	"  virtualRouter: front\n"
	"  addresses: [10.77.0.100-10.77.0.150, \"2001:db8:77::100/120\"]\n"
	"  autoAssign: true\n";

START_TEST(the_objects_as_they_were_designed_are_taken)
{
	const struct model_objects *sources[1];
	struct model_snapshot *snapshot;
	struct model_problems problems;
	struct model_objects objects;
	char *lines;

	model_problems_init(&problems);
	model_objects_init(&objects);
	sources[0] = &objects;
	judge_decode(design, "design.yaml", &objects, &problems);
	snapshot = model_snapshot_build(sources, 1, &problems);
	ck_assert_ptr_nonnull(snapshot);
	lines = judge_lines(&problems);
	ck_assert_str_eq(lines,
	                 "design.yaml:32: VirtualServer default/web: spec.service: warning: "
	                 "endpoints of Services come from the Kubernetes API only; of a virtual "
	                 "server in a file, 'servers' alone counts\n");
	free(lines);
	ck_assert_uint_eq(snapshot->service_count, 2);
	model_snapshot_free(snapshot);
	model_objects_done(&objects);
	model_problems_done(&problems);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("files_shipped", &tests);

	tcase_add_loop_test(tests, every_example_has_nothing_wrong, 0, LT_ARRAY_SIZE(examples));
	tcase_add_test(tests, the_objects_as_they_were_designed_are_taken);
	return unit_run(suite);
}
