/* SPDX-License-Identifier: Apache-2.0 */
/* Files, folders and standard input, taken apart into objects while they are read. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "collect-priv.h"
#include "otelgate/base/fs.h"
#include "otelgate/base/mem.h"
#include "otelgate/codec/jsplit.h"

enum {
	CHUNK = 1 << 20,
	NODES_LEAST = 200000,
	BYTES_PER_NODE = 4,
	DEPTH = 1000,
	ENVELOPE_BYTES = 64 << 10,
};

void collect_problem(struct collect *c, const char *message)
{
	c->nproblems++;
	if (c->files->problem)
		c->files->problem(c->files->ctx, message);
}

/* What is wrong with one object is a problem of that object; without memory nothing goes on. */
static int settle(struct collect *c, int r, const struct og_err *err)
{
	if (r == 0 || err->code == OG_E_OOM)
		return r;
	collect_problem(c, err->msg);
	return 0;
}

/* ---- texts ---- */

/* A whole text: any number of documents. */
static int read_text(
	struct collect *c, struct og_sv text, const char *name, uint32_t line0, struct og_err *err)
{
	struct og_source_limits lim = {.max_bytes = UINT32_MAX / 2,
		.max_nodes = (uint32_t)(text.n / BYTES_PER_NODE),
		.max_depth = DEPTH};
	struct og_source s;

	if (lim.max_nodes < NODES_LEAST)
		lim.max_nodes = NODES_LEAST;
	int r = og_source_parse(&s, &c->scratch, text, name, &lim, err);
	for (uint32_t i = 0; r == 0 && i < s.ndocs; i++) {
		struct og_err why = OG_ERR_INIT;
		struct where w = {.name = name, .doc = &s.docs[i], .line0 = line0};
		r = collect_object(c, og_jroot(&s.docs[i].doc), &w, &why);
		r = settle(c, r, &why);
		if (r < 0 && err)
			*err = why;
	}
	og_arena_reset(&c->scratch);
	return r;
}

/* ---- large JSON ---- */

struct json_ctx {
	struct collect *c;
	const char *name;
	uint32_t item;
};

static int on_part(void *ctx, struct og_sv part)
{
	struct json_ctx *j = ctx;
	const struct og_jlimits limits = {
		.max_bytes = OG_AUDIT_OBJECT_BYTES, .max_tokens = OG_AUDIT_OBJECT_BYTES / 4};
	struct og_jdoc d;
	struct og_err why = OG_ERR_INIT;
	struct where w = {.name = j->name, .item = ++j->item};

	int r = og_jdoc_parse(&d, &j->c->scratch, part, &limits, &why);
	if (r == 0)
		r = collect_object(j->c, og_jroot(&d), &w, &why);
	else
		(void)og_err_wrap(&why, "%s item %u", j->name, j->item);
	r = settle(j->c, r, &why);
	og_arena_reset(&j->c->scratch);
	return r;
}

static int on_envelope(void *ctx, struct og_sv json, bool complete)
{
	struct json_ctx *j = ctx;
	struct og_jdoc d;
	struct og_err why = OG_ERR_INIT;

	if (!complete)
		return 0;
	int r = og_jdoc_parse(&d, &j->c->scratch, json, NULL, &why);
	if (r == 0 && !og_sv_ends(og_jstr_or_empty(og_jgetl(og_jroot(&d), "kind"), &j->c->scratch),
			      OG_SV("List")))
		r = og_err_set(&why, OG_E_INVALID, "its items are in no List");
	if (r < 0)
		(void)og_err_wrap(&why, "%s", j->name);
	r = settle(j->c, r, &why);
	og_arena_reset(&j->c->scratch);
	return r;
}

/* A reader of one input: what is in hand, and where more comes from. */
struct input {
	struct collect *c;
	const char *name;
	int fd;
	uint64_t done, of; /* bytes; of 0 = not known */
	struct og_buf b;
	size_t at;     /* taken off the front so far */
	uint32_t line; /* of b.p[at], from 1 */
	bool eof;
};

/* Another chunk behind what is in hand. */
static int more(struct input *in, struct og_err *err)
{
	if (in->at) {
		in->b.len -= in->at;
		memmove(in->b.p, in->b.p + in->at, in->b.len + 1);
		in->at = 0;
	}
	if (!og_buf_reserve(&in->b, CHUNK))
		return in->b.full ? og_err_set(err, OG_E_LIMIT,
					    "%s:%u: an object is larger than %d bytes", in->name,
					    in->line, OG_AUDIT_OBJECT_BYTES)
				  : og_err_set(err, OG_E_OOM, "%s: out of memory", in->name);
	ssize_t n;
	do
		n = read(in->fd, in->b.p + in->b.len, CHUNK);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return og_err_sys(err, errno, "%s: cannot be read", in->name);
	in->b.len += (size_t)n;
	in->b.p[in->b.len] = '\0';
	in->eof = n == 0;
	in->done += (uint64_t)n;
	if (in->c->want->progress)
		in->c->want->progress(in->c->want->ctx, in->name, in->done, in->of);
	return 0;
}

static struct og_sv in_hand(const struct input *in)
{
	return og_sv(in->b.p + in->at, in->b.len - in->at);
}

/* Whether the first member named "items" is one of the object itself. */
static bool is_json_list(struct og_sv head)
{
	int depth = 0;
	bool string = false;

	for (size_t i = 0; i < head.n; i++) {
		char ch = head.p[i];
		if (string && ch == '\\') {
			i++;
		} else if (ch == '"') {
			string = !string;
			if (string && depth == 1 &&
				og_sv_starts(og_sv(head.p + i, head.n - i), OG_SV("\"items\"")))
				return true;
		} else if (!string) {
			depth += (ch == '{' || ch == '[') - (ch == '}' || ch == ']');
		}
	}
	return false;
}

static int read_json(struct input *in, struct og_err *err)
{
	struct json_ctx j = {in->c, in->name, 0};
	struct og_jsplit s;

	og_jsplit_init(&s, is_json_list(in_hand(in)) ? OG_JSPLIT_LIST : OG_JSPLIT_STREAM,
		OG_AUDIT_OBJECT_BYTES);
	s.ctx = &j;
	s.on_part = on_part;
	s.on_envelope = on_envelope;
	int r = 0;
	do {
		r = og_jsplit_feed(&s, in_hand(in), err);
		in->at = in->b.len;
		if (r == 0)
			r = more(in, err);
	} while (r == 0 && !in->eof);
	if (r == 0)
		r = og_jsplit_end(&s, err);
	og_jsplit_fini(&s);
	return r < 0 ? og_err_wrap(err, "%s", in->name) : 0;
}

/* ---- large YAML ---- */

/* The next line at an offset behind `at`; reads more when it is not whole yet. */
static int line_at(struct input *in, size_t off, struct og_sv *ret, struct og_err *err)
{
	for (size_t from = off;;) {
		struct og_sv h = in_hand(in);
		const char *nl = h.n > from ? memchr(h.p + from, '\n', h.n - from) : NULL;
		if (nl || in->eof) {
			size_t end = nl ? (size_t)(nl - h.p) + 1 : h.n;
			*ret = og_sv(h.p + off, end > off ? end - off : 0);
			return 0;
		}
		from = h.n > off ? h.n : off;
		int r = more(in, err);
		if (r < 0)
			return r;
	}
}

static void take(struct input *in, size_t n)
{
	const char *p = in->b.p + in->at;
	for (const char *nl = p; (nl = memchr(nl, '\n', n - (size_t)(nl - p))); nl++)
		in->line++;
	in->at += n;
}

static bool is_marker(struct og_sv line, const char *marker)
{
	return og_sv_starts(line, og_svz(marker)) &&
	       (line.n == 3 || strchr(" \t\r\n", line.p[3]) != NULL);
}

static bool is_item(struct og_sv line, uint32_t indent)
{
	for (uint32_t i = 0; i < indent; i++)
		if (i >= line.n || line.p[i] != ' ')
			return false;
	return line.n > indent && line.p[indent] == '-' &&
	       (line.n == indent + 1 || strchr(" \t\r\n", line.p[indent + 1]) != NULL);
}

/* Empty, or a comment. */
static bool is_idle(struct og_sv line)
{
	struct og_sv t = og_sv_trim(line);
	return !t.n || t.p[0] == '#';
}

/* One item of a list, whose dash has become a blank. */
static int read_item(struct input *in, struct og_sv text, uint32_t indent, struct og_buf *thin,
	struct og_err *err)
{
	struct og_err why = OG_ERR_INIT;
	uint32_t column = indent + 1;
	struct og_sv kind;

	while (column < text.n && text.p[column] == ' ')
		column++;
	if (collect_skip(text, column, &kind))
		return 0;
	og_buf_reset(thin);
	if (kind.n)
		collect_thin(text, column, kind, thin);
	struct og_sv part = kind.n && !thin->failed ? og_buf_view(thin) : text;
	int r = read_text(in->c, part, in->name, in->line, &why);
	/* Cut in the wrong place, perhaps: the text as it was tells. */
	if (r < 0 && why.code != OG_E_OOM && part.p != text.p) {
		og_err_clear(&why);
		r = read_text(in->c, text, in->name, in->line, &why);
	}
	if (r < 0 && why.code == OG_E_PARSE) {
		struct og_err inner = why;
		why = (struct og_err)OG_ERR_INIT;
		(void)og_err_set(
			&why, OG_E_PARSE, "%s (the object begins at line %u)", inner.msg, in->line);
	}
	r = settle(in->c, r, &why);
	if (r < 0 && err)
		*err = why;
	return r;
}

/* All items; on return the line behind them is next. */
static int read_items(struct input *in, uint32_t indent, struct og_err *err)
{
	og_auto_buf struct og_buf thin = OG_BUF_INIT(OG_AUDIT_OBJECT_BYTES + CHUNK);
	size_t off = 0;
	bool any = false;

	for (;;) {
		struct og_sv line;
		int r = line_at(in, off, &line, err);
		if (r < 0)
			return r;
		bool next = is_item(line, indent), idle = line.n && is_idle(line);
		uint32_t blanks = 0;
		while (blanks < line.n && line.p[blanks] == ' ')
			blanks++;
		bool inside = line.n && !next && (idle || blanks > indent);
		if (inside || (next && !any)) {
			any |= next;
			if (next)
				in->b.p[in->at + off + indent] = ' ';
			off += line.n;
			if (off > OG_AUDIT_OBJECT_BYTES)
				return og_err_set(err, OG_E_LIMIT,
					"%s:%u: an object is larger than %d bytes", in->name,
					in->line, OG_AUDIT_OBJECT_BYTES);
			continue;
		}
		if (any)
			r = read_item(in, og_sv(in->b.p + in->at, off), indent, &thin, err);
		if (r < 0)
			return r;
		take(in, off);
		off = 0;
		any = false;
		if (!next)
			return 0;
	}
}

/* "items:" and nothing more. */
static bool opens_items(struct og_sv line)
{
	if (!og_sv_starts(line, OG_SV("items:")))
		return false;
	return is_idle(og_sv(line.p + 6, line.n - 6));
}

static bool is_list_kind(struct og_sv envelope)
{
	struct og_sv line;
	while (og_sv_split(&envelope, '\n', &line)) {
		struct og_sv t = og_sv_trim(line);
		if (og_sv_starts(line, OG_SV("kind:")) &&
			(og_sv_ends(t, OG_SV("List")) || og_sv_ends(t, OG_SV("List\"")) ||
				og_sv_ends(t, OG_SV("List'"))))
			return true;
	}
	return false;
}

/* The first line that is not idle behind `off`: the column of its dash, or none. */
static int items_indent(struct input *in, size_t *off, int32_t *ret, struct og_err *err)
{
	struct og_sv line;

	for (;;) {
		int r = line_at(in, *off, &line, err);
		if (r < 0)
			return r;
		if (!line.n || !is_idle(line))
			break;
		*off += line.n;
	}
	uint32_t n = 0;
	while (n < line.n && line.p[n] == ' ')
		n++;
	*ret = is_item(line, n) ? (int32_t)n : -1;
	return 0;
}

/* One document: whole, or item by item when it holds a list of them. */
static int read_document(struct input *in, struct og_err *err)
{
	og_auto_buf struct og_buf envelope = OG_BUF_INIT(ENVELOPE_BYTES);
	struct og_err why = OG_ERR_INIT;
	uint32_t line0 = in->line;
	bool list = false, begun = false;
	size_t off = 0;
	int r;

	for (;;) {
		struct og_sv line;
		if ((r = line_at(in, off, &line, err)) < 0)
			return r;
		if (!line.n || (begun && (is_marker(line, "---") || is_marker(line, "..."))))
			break;
		begun |= !is_idle(line);
		int32_t indent = -1;
		off += line.n;
		if (!opens_items(line))
			continue;
		if ((r = items_indent(in, &off, &indent, err)) < 0)
			return r;
		if (indent < 0)
			continue;
		og_buf_add(&envelope, in->b.p + in->at, off);
		og_buf_ch(&envelope, '\n');
		list = true;
		take(in, off);
		off = 0;
		if ((r = read_items(in, (uint32_t)indent, err)) < 0)
			return r;
	}
	struct og_sv text = og_sv(in->b.p + in->at, off);
	if (list) {
		og_buf_sv(&envelope, text);
		if (!is_list_kind(og_buf_view(&envelope)))
			r = og_err_set(&why, OG_E_INVALID, "%s:%u: its items are in no List",
				in->name, line0);
	} else if (og_sv_trim(text).n) {
		r = read_text(in->c, text, in->name, line0, &why);
	}
	take(in, off);
	r = settle(in->c, r, &why);
	if (r < 0 && err)
		*err = why;
	return r;
}

static int read_yaml(struct input *in, struct og_err *err)
{
	struct og_sv line;
	int r = 0;

	while (r == 0) {
		r = line_at(in, 0, &line, err);
		if (r == 0 && !line.n)
			return 0;
		if (r == 0 && is_marker(line, "..."))
			take(in, line.n);
		else if (r == 0)
			r = read_document(in, err);
	}
	return r;
}

/* ---- inputs ---- */

static int read_input(struct collect *c, int fd, const char *name, struct og_err *err)
{
	/* Room for the longest object, and for the chunks around it. */
	struct input in = {.c = c,
		.name = name,
		.fd = fd,
		.line = 1,
		.b = OG_BUF_INIT((size_t)OG_AUDIT_OBJECT_BYTES + 2 * CHUNK)};
	struct og_err why = OG_ERR_INIT;
	struct stat st;
	int r = 0;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		in.of = (uint64_t)st.st_size;
	while (r == 0 && !in.eof && in.b.len <= OG_AUDIT_WHOLE_BYTES)
		r = more(&in, &why);
	struct og_sv head = r == 0 ? og_sv_trim(in_hand(&in)) : og_sv("", 0);
	if (r == 0 && in.eof)
		r = read_text(c, in_hand(&in), name, 1, &why);
	else if (r == 0 && head.n && head.p[0] == '{')
		r = read_json(&in, &why);
	else if (r == 0)
		r = read_yaml(&in, &why);
	og_buf_fini(&in.b);
	r = settle(c, r, &why);
	if (r < 0 && err)
		*err = why;
	return r;
}

static int read_file(struct collect *c, const char *path, struct og_err *err)
{
	og_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		struct og_err why = OG_ERR_INIT;
		(void)og_err_sys(&why, errno, "%s: cannot be read", path);
		collect_problem(c, why.msg);
		return 0;
	}
	const char *name = og_arena_strndup(c->arena, path, strlen(path));
	return name ? read_input(c, fd, name, err) : og_err_set(err, OG_E_OOM, "out of memory");
}

static int read_folder(struct collect *c, const char *path, struct og_err *err)
{
	static const char *const suffixes[] = {".yaml", ".yml", ".json", NULL};
	const struct og_fs_list_options o = {.suffixes = suffixes, .recursive = true};
	og_auto_fs_list struct og_fs_list files = OG_FS_LIST_INIT;
	struct og_err why = OG_ERR_INIT;
	int r = og_fs_list(path, &o, &files, &why);

	if (r == 0 && !files.n)
		r = og_err_set(&why, OG_E_NOT_FOUND,
			"%s: the folder holds no *.yaml, *.yml or *.json file", path);
	r = settle(c, r, &why);
	for (size_t i = 0; r == 0 && i < files.n; i++)
		r = read_file(c, files.paths[i], err);
	return r;
}

int collect_read(struct collect *c, struct og_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->files->n; i++) {
		const char *path = c->files->paths[i];
		if (strcmp(path, "-") == 0)
			r = read_input(c, c->files->stdin_fd, "<stdin>", err);
		else if (og_fs_is_dir(path, NULL) == 1)
			r = read_folder(c, path, err);
		else
			r = read_file(c, path, err);
	}
	return r;
}
