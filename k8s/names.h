/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/names.h - names that stand in other people's objects: a contract, changed never.
 *
 * Pure. */

#ifndef LINTEL_K8S_NAMES_H
#define LINTEL_K8S_NAMES_H

#include <stdbool.h>

#define K8S_CLASS_DEFAULT            "lintel.io/lintel"
/* On Services while they have an address: the others leave nothing behind at other people's. Of the
 * usual class; see k8s_status_finalizer(). */
#define K8S_FINALIZER                "lintel.io/cleanup"
#define K8S_CONTROLLER               "lintel.io/lintel" /* reportingController of Events */

/* On Services, VirtualServers and ConfigMaps; each has its equivalents below. */
#define K8S_ANNOTATION_ADDRESSES     "lintel.io/addresses"    /* "10.77.0.100,2001:db8::1" */
#define K8S_ANNOTATION_POOL          "lintel.io/address-pool" /* name of an AddressPool */
#define K8S_ANNOTATION_SHARED        "lintel.io/allow-shared-address" /* a key */
#define K8S_ANNOTATION_ALLOCATED     "lintel.io/allocated-addresses"  /* written by us */
/* On Services: whose ConfigMaps, besides its own namespace's, may lead to it ("a,b", or "*"). */
#define K8S_ANNOTATION_CONFIG_MAPS   "lintel.io/allow-config-maps-of"
/* On VirtualRouters, AddressPools, VirtualServers and ConfigMaps: whose they are. */
#define K8S_ANNOTATION_CLASS         "lintel.io/class"

/* MetalLB's, under both of its prefixes. */
#define K8S_METALLB_PREFIX           "metallb.io/"
#define K8S_METALLB_PREFIX_OLD       "metallb.universe.tf/"
#define K8S_METALLB_ADDRESSES        "loadBalancerIPs"
#define K8S_METALLB_POOL             "address-pool"
#define K8S_METALLB_SHARED           "allow-shared-ip"

#define K8S_LABEL_SERVICE            "kubernetes.io/service-name"
#define K8S_LABEL_EXCLUDE            "node.kubernetes.io/exclude-from-external-load-balancers"
#define K8S_TAINT_OUT_OF_SERVICE     "node.kubernetes.io/out-of-service"
#define K8S_LABEL_CONFIG_MAP         "app" /* = "loadbalancer" */
#define K8S_LABEL_CONFIG_MAP_VALUE   "loadbalancer"
/* The older way to say loadBalancerSourceRanges. */
#define K8S_ANNOTATION_SOURCE_RANGES "service.beta.kubernetes.io/load-balancer-source-ranges"

/* Can a Service have this loadBalancerClass? NAME or DOMAIN/NAME, as Kubernetes says it of labels:
 * letters, digits, '-', '_' and '.', an alphanumeric one at either end, at most 63; the domain is
 * one of DNS in lower case, at most 253 (k8s.io/apimachinery, IsQualifiedName). */
bool k8s_class_is_valid(const char *class);

#endif
