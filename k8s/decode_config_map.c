/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/decode_parts.h"

void k8s_decode_config_map(struct k8s_object *object, const struct tree *json)
{
	const struct tree *data = tree_get(json, "data");

	object->config_map = (struct k8s_config_map){
		.bind_ip = k8s_decode_copy(object, k8s_json_tree_text(data, "bind-ip")),
		.bind_port = k8s_decode_copy(object, k8s_json_tree_text(data, "bind-port")),
		.target_namespace = k8s_decode_copy(object, k8s_json_tree_text(data, "namespace")),
		.target_service =
			k8s_decode_copy(object, k8s_json_tree_text(data, "target-service-name")),
		.target_port = k8s_decode_copy(object, k8s_json_tree_text(data, "target-port")),
		.protocol = k8s_decode_copy(object, k8s_json_tree_text(data, "protocol")),
	};
}
