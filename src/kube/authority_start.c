/* SPDX-License-Identifier: Apache-2.0 */
/* The authority on the real client. */
#include "authority_run-priv.h"

int og_authority_start(
	const struct og_authority_opts *o, struct og_authority **ret, struct og_err *err)
{
	static const struct authority_seam real = {.loop = og_kube_loop,
		.start = og_kube_start,
		.cancel = og_kube_cancel,
		.watch_start = og_watch_start,
		.watch_stop = og_watch_stop,
		.watch_poke = og_watch_poke};

	return authority_start(o, &real, ret, err);
}
