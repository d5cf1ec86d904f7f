/* SPDX-License-Identifier: Apache-2.0 */
/* What every write reads first: options, the body, what the body says of itself. */
#include "otelgate/codec/source.h"
#include "sim/sim-priv.h"

bool sim_dry_run(struct sim_req *q, bool *ret)
{
	struct og_sv v = sim_param(q, "dryRun");

	*ret = og_sv_is(v, "All");
	if (v.n && !*ret) {
		json_t *causes = sim_causes();

		sim_cause(causes, "FieldValueNotSupported", "dryRun",
			"Unsupported value: [\"%.*s\"]: supported values: \"All\"", OG_SV_ARG(v));
		sim_fail_invalid(q, "CreateOptions", "", causes);
		return false;
	}
	return true;
}

bool sim_write_options(struct sim_req *q, struct sim_write *w)
{
	struct og_sv m = sim_param(q, "fieldManager"), ua = sim_header(q, "user-agent");

	*w = (struct sim_write){.q = q, .user = q->user, .groups = q->groups};
	w->operation = "Update";
	w->sub = og_sv_is(q->sub, "status") ? "status" : "";
	w->manager = m.n ? sim_z(q, m) : sim_z(q, og_sv(ua.p, og_sv_chr(ua, '/')));
	if (!*w->manager)
		w->manager = "unknown";
	return sim_dry_run(q, &w->dry_run);
}

/* YAML becomes JSON: `kubectl apply --server-side` sends it. */
static json_t *from_yaml(struct sim_req *q)
{
	struct og_source src;
	struct og_err err = OG_ERR_INIT;

	if (og_source_parse(&src, q->a, q->body, "body", NULL, &err) || src.ndocs != 1)
		return NULL;
	return json_loadb(src.docs[0].doc.text, src.docs[0].doc.len, 0, NULL);
}

json_t *sim_body_json(struct sim_req *q)
{
	struct og_sv ct = sim_header(q, "content-type");
	bool yaml = og_sv_has(ct, OG_SV("yaml"));
	json_error_t je;
	json_t *o;

	if (ct.n && !yaml && !og_sv_has(ct, OG_SV("json")) &&
		!og_sv_has(ct, OG_SV("x-www-form-urlencoded"))) {
		sim_fail_media(q,
			"application/json, application/yaml, application/vnd.kubernetes.protobuf, "
			"application/cbor");
		return NULL;
	}
	o = json_loadb(q->body.p, q->body.n, 0, &je);
	if (!o && yaml)
		o = from_yaml(q);
	if (!json_is_object(o)) {
		json_decref(o);
		sim_fail_bad(q, "couldn't get version/kind; json parse error: %s", je.text);
		return NULL;
	}
	return o;
}

bool sim_body_fits(struct sim_req *q, json_t *o)
{
	json_t *meta = json_object_get(o, "metadata");
	const char *k = sim_str(o, "kind"), *v = sim_str(o, "apiVersion"),
		   *ns = sim_str(meta, "namespace");

	if (*v && strcmp(v, q->res->api_version)) {
		sim_fail_bad(q,
			"the API version in the data (%s) does not match the expected API version (%s)",
			v, q->res->api_version);
		return false;
	}
	if (*k && strcmp(k, q->res->kind)) {
		sim_fail_bad(q, "%s in version \"%s\" cannot be handled as a %s", k,
			q->res->version, q->res->kind);
		return false;
	}
	if (q->ns.n && *ns && !og_sv_eq(og_svz(ns), q->ns)) {
		sim_fail_bad(q, "the namespace of the provided object does not match the namespace "
				"sent on the request");
		return false;
	}
	if (q->name.n && *sim_str(meta, "name") &&
		!og_sv_eq(og_svz(sim_str(meta, "name")), q->name)) {
		sim_fail_bad(q,
			"the name of the object (%s) does not match the name on the URL (%s)",
			sim_str(meta, "name"), sim_z(q, q->name));
		return false;
	}
	return true;
}
