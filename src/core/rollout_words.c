/* SPDX-License-Identifier: Apache-2.0 */
/* What people read of a rollout: times, quoted messages, command lines. */
#include "rollout-priv.h"

#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "otelgate/base/parse.h"

/* A time, not an age: what is written must not change with every minute. */
void rollout_when(struct og_buf *b, int64_t s)
{
	static const int64_t max_s = INT64_MAX / OG_NS_PER_S;
	char text[OG_RFC3339_BYTES];

	s = s > max_s ? max_s : s < -max_s ? -max_s : s;
	og_fmt_rfc3339(text, s * OG_NS_PER_S);
	og_buf_str(b, text);
}

void rollout_quote(struct og_buf *b, struct og_sv s)
{
	s = og_sv_trim(s);
	while (s.n && s.p[s.n - 1] == '.')
		s.n--;
	for (size_t i = 0; i < s.n; i++)
		og_buf_ch(b, (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f ? ' ' : s.p[i]);
}

struct og_sv rollout_keep(struct og_buf *b, struct og_arena *arena)
{
	struct og_sv all = og_buf_view(b);
	while (b->full && all.n && !og_utf8_valid(all.p, all.n))
		all.n--; /* cut within a character */
	struct og_sv s = og_arena_sv(arena, all);
	if (b->failed && !b->full)
		arena->failed = true;
	og_buf_fini(b);
	return s.p ? s : OG_SV("");
}

/* ---- objects and commands ---- */

/* Names of the API server's need no quotes in a shell; others (from a file) get none that matter:
 * what is no DNS name is left out. */
static void name(struct og_buf *b, struct og_sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
			    c == '.' || (c >= 'A' && c <= 'Z');
		og_buf_ch(b, fine ? c : '_');
	}
}

void og_rollout_object(const struct og_rollout_input *in, struct og_buf *out)
{
	for (size_t i = 0; i < in->kind.n; i++)
		og_buf_ch(out, in->kind.p[i] >= 'A' && in->kind.p[i] <= 'Z'
				       ? (char)(in->kind.p[i] + ('a' - 'A'))
				       : in->kind.p[i]);
	/* A bare "rollout" is a word of kubectl's. */
	if (og_sv_is(in->group, "argoproj.io"))
		og_buf_lit(out, ".argoproj.io");
	og_buf_ch(out, '/');
	name(out, in->name);
}

#define OFF_ANNOTATION "{\"metadata\":{\"annotations\":{\"otelgate.dev/inject\":\"false\"}}}"
#define OFF_TEMPLATE   "{\"spec\":{\"template\":" OFF_ANNOTATION "}}"
#define OFF_CRONJOB    "{\"spec\":{\"jobTemplate\":" OFF_TEMPLATE "}}"
#define PATCH(json)    "kubectl -n %n patch %o --type merge -p '" json "'"
#define PATCH_DEFAULT  PATCH(OFF_TEMPLATE)

/* Lines that depend on the kind. */
static const struct kind_lines {
	const char *restart, *resume, *off;
} lines[OG_RK_COUNT_] = {
	[OG_RK_NONE] = {"restart %o", "resume %o", PATCH_DEFAULT},
	[OG_RK_DEPLOYMENT] = {"kubectl -n %n rollout restart %o", "kubectl -n %n rollout resume %o",
		PATCH_DEFAULT},
	[OG_RK_STATEFULSET] = {"kubectl -n %n rollout restart %o", "", PATCH_DEFAULT},
	[OG_RK_DAEMONSET] = {"kubectl -n %n rollout restart %o", "", PATCH_DEFAULT},
	[OG_RK_ARGO] = {"kubectl argo rollouts -n %n restart %m",
		"kubectl argo rollouts -n %n promote %m", PATCH_DEFAULT},
	/* Neither makes new pods by itself: there is nothing newer to roll to. */
	[OG_RK_REPLICASET] = {"kubectl -n %n delete pod %p", "", PATCH_DEFAULT},
	[OG_RK_REPLICATION_CONTROLLER] = {"kubectl -n %n delete pod %p", "", PATCH_DEFAULT},
	[OG_RK_JOB] = {"kubectl -n %n replace --force -f FILE  # runs the Job again", "",
		"kubectl -n %n replace --force -f FILE  # with otelgate.dev/inject: \"false\" on its pod template"},
	[OG_RK_CRONJOB] = {"kubectl -n %n create job --from=%o %m-now", "", PATCH(OFF_CRONJOB)},
	[OG_RK_POD] = {"kubectl -n %n replace --force -f FILE  # makes the pod again", "",
		"kubectl -n %n replace --force -f FILE  # with otelgate.dev/inject: \"false\""},
};

static enum og_rollout_kind kind_of(const struct og_rollout_input *in)
{
	return in->facts && in->facts->kind != OG_RK_NONE ? in->facts->kind
							  : og_rollout_kind_of(in->group, in->kind);
}

static const char *line_of(const struct og_rollout_input *in, char which)
{
	const struct kind_lines *l = &lines[kind_of(in)];
	return which == 'r' ? l->restart : which == 'u' ? l->resume : l->off;
}

/* One letter of a command; a whole line is looked up and filled in, once. */
static void expand(const struct og_rollout_input *in, char what, struct og_sv pod,
	struct og_sv container, struct og_buf *b)
{
	switch (what) {
	case 'n':
		name(b, in->ns);
		break;
	case 'o':
		og_rollout_object(in, b);
		break;
	case 'm':
		name(b, in->name);
		break;
	case 'p':
		name(b, pod.n ? pod : OG_SV("POD"));
		break;
	case 'c':
		name(b, container.n ? container : OG_SV("CONTAINER"));
		break;
	default:
		break;
	}
}

void rollout_command(const struct og_rollout_input *in, const char *command, struct og_sv pod,
	struct og_sv container, struct og_buf *b)
{
	if (!command)
		return;
	if (command[0] == '%' && strchr("rub", command[1]) && command[1])
		command = line_of(in, command[1]);
	for (const char *p = command; *p; p++) {
		if (*p == '%' && p[1])
			expand(in, *++p, pod, container, b);
		else
			og_buf_ch(b, *p);
	}
}

void og_rollout_restart_line(const struct og_rollout_input *in, struct og_buf *out)
{
	rollout_command(in, "%r", OG_SV(""), OG_SV(""), out);
}

void rollout_verdict_set(const struct og_rollout_input *in, enum rollout_why why,
	struct og_arena *arena, struct og_rollout_verdict *v)
{
	const struct og_rollout_reason *r = &rollout_reasons[why];
	struct og_buf b = OG_BUF_INIT(ROLLOUT_TEXT_MAX);
	v->state = r->state;
	v->reason = r->name;
	v->finding = r->finding;
	rollout_command(in, r->command, v->pod, v->container, &b);
	v->fix = rollout_keep(&b, arena);
}
