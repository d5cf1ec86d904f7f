/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of one workload to its receiver, where no controller says it: what decides is fetched and
 * judged as an offline dump of these few objects would be.
 */
#include <sys/mman.h>
#include <unistd.h>
#include "doctor_look-priv.h"

enum { DUMP_BYTES = 64 << 20 };

struct dump {
	struct doctor_look *l;
	struct og_buf b;
	uint32_t policies;
	struct og_doctor_known refused; /* of what may not be read; SEEN = nothing */
};

/* Items of a list do not say what they are: the list does. */
static void put(struct dump *d, const char *api, const char *kind, struct og_jval v)
{
	struct og_sv raw = og_jraw(v);

	if (!og_jis(v, OG_J_OBJECT) || raw.n < 2)
		return;
	og_buf_str(&d->b, d->b.p[d->b.len - 1] == '[' ? "" : ",");
	if (!og_junset(og_jgetl(v, "kind"))) {
		og_buf_sv(&d->b, raw);
		return;
	}
	og_buf_fmt(&d->b, "{\"apiVersion\":\"%s\",\"kind\":\"%s\"%s", api, kind,
		og_jcount(v) ? "," : "");
	og_buf_sv(&d->b, og_sv(raw.p + 1, raw.n - 1));
}

static void refuse(struct dump *d, const struct og_doctor_known *known)
{
	if (known->sight != OG_DS_SEEN && d->refused.sight == OG_DS_SEEN)
		d->refused = *known;
}

static void add_namespace(struct dump *d, struct og_sv ns)
{
	struct og_doctor_known known;
	struct og_jval v, list;

	doctor_read(d->l, "", "v1", "namespaces", OG_SV(""), ns, OG_SV(""), &v, &known);
	put(d, "v1", "Namespace", v);
	doctor_read(d->l, "networking.k8s.io", "v1", "networkpolicies", ns, OG_SV(""), OG_SV(""),
		&list, &known);
	refuse(d, &known);
	og_jfor (it, og_jgetl(list, "items")) {
		put(d, "networking.k8s.io/v1", "NetworkPolicy", it.val);
		d->policies++;
	}
}

static void add_objects(struct dump *d)
{
	const struct og_coverage_row *row = &d->l->f->row->row;
	const struct og_cluster_kind *kind = og_cluster_kind(row->group, row->kind);
	const struct og_doctor_stack *s = d->l->f->nlooked ? &d->l->f->stacks[0] : NULL;
	struct og_doctor_known known;
	struct og_jval v;

	og_buf_lit(&d->b, "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[");
	add_namespace(d, row->ns);
	if (kind) {
		doctor_read(d->l, kind->group, kind->version, kind->resource, row->ns, row->name,
			OG_SV(""), &v, &known);
		refuse(d, &known);
		put(d, "", "", v);
	}
	if (s && s->service.found) {
		doctor_read(d->l, "", "v1", "services", s->service.ns, s->service.name, OG_SV(""),
			&v, &known);
		put(d, "v1", "Service", v);
		if (!og_sv_eq(s->service.ns, row->ns))
			add_namespace(d, s->service.ns);
	}
	og_buf_lit(&d->b, "]}");
}

/* The dump as a file of no name. */
static int open_dump(const struct og_buf *b)
{
	int fd = memfd_create("otelgate-doctor", MFD_CLOEXEC);
	size_t done = 0;

	while (fd >= 0 && done < b->len) {
		ssize_t n = write(fd, b->p + done, b->len - done);
		if (n <= 0) {
			(void)close(fd);
			return -1;
		}
		done += (size_t)n;
	}
	if (fd >= 0)
		(void)lseek(fd, 0, SEEK_SET);
	return fd;
}

static struct og_cell *egress_of(struct og_coverage *c, const struct og_coverage_row *row)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (og_sv_eq(c->rows[i].kind, row->kind) && og_sv_eq(c->rows[i].name, row->name))
			return &c->rows[i].link[OG_LINK_EGRESS];
	return NULL;
}

static void judge(struct dump *d, struct og_telemetry_row *to)
{
	static const char *const paths[] = {"-"};
	const struct og_audit_want want = {.config = d->l->config->config,
		.ns = to->row.ns,
		.default_ns = to->row.ns,
		.now_s = d->l->ask->now_s};
	struct og_audit_files files = {.paths = paths, .n = 1, .stdin_fd = open_dump(&d->b)};
	struct og_coverage c = {.n = 0};
	struct og_err err = OG_ERR_INIT;
	struct og_cell *cell = NULL;

	if (files.stdin_fd < 0)
		return;
	if (og_audit_collect_files(&files, &want, d->l->arena, &c, &err) == 0)
		cell = egress_of(&c, &to->row);
	(void)close(files.stdin_fd);
	if (cell && cell->result != OG_RESULT_NA)
		to->row.link[OG_LINK_EGRESS] = *cell;
}

/* A profile may tell the controller not to look: that is no word about the way. */
static bool said_already(const struct og_cell *c)
{
	return c->result != OG_RESULT_UNKNOWN &&
	       !(c->result == OG_RESULT_PASS && c->reason && !strcmp(c->reason, "Off"));
}

void doctor_look_network(struct doctor_look *l)
{
	struct dump d = {.l = l, .b = OG_BUF_INIT(DUMP_BYTES), .refused.sight = OG_DS_SEEN};
	const struct og_telemetry_row *row = l->f->row;
	struct og_telemetry_row *copy = og_arena_new(l->arena, struct og_telemetry_row);
	struct og_cell *cell;

	if (!row || !copy || !l->config || !l->config->config ||
		said_already(&row->row.link[OG_LINK_EGRESS]))
		return;
	*copy = *row;
	cell = &copy->row.link[OG_LINK_EGRESS];
	cell->result = OG_RESULT_UNKNOWN;
	l->f->row = copy;
	add_objects(&d);
	if (d.refused.sight != OG_DS_SEEN)
		cell->message = d.refused.why;
	else if (!d.policies)
		*cell = (struct og_cell){.result = OG_RESULT_PASS,
			.reason = "NotRestricted",
			.message =
				OG_SV("No NetworkPolicy is where its pods or the receiver's are."),
			.fix = OG_SV("")};
	else if (!d.b.failed)
		judge(&d, copy);
	og_buf_fini(&d.b);
}
