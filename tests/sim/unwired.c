/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/sim-priv.h"
bool sim_admit(struct sim_write *w, struct og_sim *s, struct sim_res *r, const char *ns, json_t **o,
	json_t **ret_status)
{
	(void)w;
	(void)s;
	(void)r;
	(void)ns;
	(void)o;
	(void)ret_status;
	return true;
}
void sim_hooks_free(struct og_sim *s)
{
	(void)s;
}
int sim_ctl_init(struct og_sim *s, struct og_err *err)
{
	(void)s;
	(void)err;
	return 0;
}
void sim_ctl_fini(struct og_sim *s)
{
	(void)s;
}
bool sim_ctl_has_work(const struct og_sim *s)
{
	(void)s;
	return false;
}
bool og_sim_tick(struct og_sim *s)
{
	(void)s;
	return false;
}
void sim_ctl_dirty(struct og_sim *s, struct sim_res *r, const struct sim_change *ch)
{
	(void)s;
	(void)r;
	(void)ch;
}
int og_sim_gen_parse(struct og_sv t, struct og_sim_gen *r, struct og_err *err)
{
	(void)t;
	(void)r;
	return og_err_set(err, OG_E_UNSUPPORTED, "no");
}
int og_sim_generate(struct og_sim *s, const struct og_sim_gen *g, struct og_err *err)
{
	(void)s;
	(void)g;
	return og_err_set(err, OG_E_UNSUPPORTED, "no");
}
int og_sim_route_service(struct og_sim *s, const char *n, uint16_t p, struct og_err *err)
{
	(void)s;
	(void)n;
	(void)p;
	return og_err_set(err, OG_E_UNSUPPORTED, "no");
}
