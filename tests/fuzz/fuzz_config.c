/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration reader: any text. Checked: a verdict that fits the report, problems in order
 * and printable, every value of a snapshot writable as JSON, the same twice, out of memory.
 */
#include "fuzz-support.h"
#include "otelgate/core/config_read.h"

static void check_problem(const struct og_config_problem *p)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_config_problem_text(p, &b);
	FUZZ_CHECK(!b.failed && og_utf8_valid(b.p, b.len));
	FUZZ_CHECK(*p->message && p->path && p->hint && p->file);
	FUZZ_CHECK(p->severity == OG_SEV_ERROR || p->severity == OG_SEV_WARNING);
	FUZZ_CHECK((p->line == 0) == (p->col == 0));
}

static void check_report(const struct og_config_report *rep)
{
	FUZZ_CHECK(rep->n <= OG_CONFIG_MAX_PROBLEMS && rep->n <= rep->nerrors + rep->nwarnings);
	for (uint32_t i = 0; i < rep->n; i++) {
		check_problem(&rep->v[i]);
		if (i)
			FUZZ_CHECK(rep->v[i - 1].input < rep->v[i].input ||
				   rep->v[i - 1].line <= rep->v[i].line);
	}
}

static void check_fields(enum og_doc_kind kind, const void *base, struct og_arena *arena)
{
	const struct og_doc_type *t = &og_doc_types[kind];
	struct og_jdoc d;
	for (size_t i = 0; i < og_nfields(kind); i++) {
		og_auto_buf struct og_buf b = OG_BUF_INIT(0);
		og_field_write(&t->fields[i], base, &b);
		FUZZ_CHECK(og_jdoc_parse(&d, arena, og_buf_view(&b), NULL, NULL) == 0);
	}
}

static void check_config(const struct og_config *c, struct og_arena *arena)
{
	const struct og_kvs none = {NULL, 0};
	FUZZ_CHECK(c->nstacks + c->nprofiles > 0 && strlen(c->hash) == 64);
	for (uint32_t i = 0; i < c->nstacks; i++) {
		FUZZ_CHECK(c->stacks[i].name.n);
		check_fields(OG_DOC_STACK, &c->stacks[i], arena);
	}
	for (uint32_t i = 0; i < c->nprofiles; i++) {
		const struct og_profile *p = &c->profiles[i];
		FUZZ_CHECK(p->name.n && p->stack >= c->stacks && p->stack < c->stacks + c->nstacks);
		FUZZ_CHECK(og_config_profile(c, p->name) == p);
		check_fields(OG_DOC_PROFILE, p, arena);
		(void)og_selector_match(&p->workload_selector, &none);
	}
}

static int read_once(
	struct og_arena *a, struct og_sv text, struct og_config **c, struct og_config_report *rep)
{
	/* Two texts, cut where a NUL is. */
	size_t cut = og_sv_chr(text, '\0');
	struct og_config_input in[2] = {{"a.yaml", og_sv(text.p, cut)}, {"b.yaml", {"", 0}}};
	size_t n = 1;
	if (cut < text.n) {
		in[1].text = og_sv(text.p + cut + 1, text.n - cut - 1);
		n = 2;
	}
	*c = NULL;
	return og_config_read(a, in, n, c, rep);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct og_sv text = og_sv((const char *)data, size);
	og_auto_arena struct og_arena a, b;
	struct og_config_report rep, again;
	struct og_config *c, *d;
	og_arena_init(&a, 0, 64 << 20);
	og_arena_init(&b, 0, 64 << 20);
	int rc = read_once(&a, text, &c, &rep);
	FUZZ_CHECK(rc == 0 || rc == -OG_E_CONFIG || rc == -OG_E_OOM);
	FUZZ_CHECK((rc == 0) == (c != NULL));
	if (rc != -OG_E_OOM)
		FUZZ_CHECK((rc == 0) == (rep.nerrors == 0));
	check_report(&rep);
	if (c)
		check_config(c, &a);
	int rc2 = read_once(&b, text, &d, &again);
	FUZZ_CHECK(rc == rc2 && rep.n == again.n && (!c || strcmp(c->hash, d->hash) == 0));
	og_arena_reset(&b);
	og_mem_fault_arm(1 + (size ? data[size - 1] : 0), size % 2);
	rc2 = read_once(&b, text, &d, &again);
	(void)og_mem_fault_disarm();
	FUZZ_CHECK(rc2 == rc || rc2 == -OG_E_OOM);
	return 0;
}
