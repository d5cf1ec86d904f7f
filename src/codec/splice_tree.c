/* SPDX-License-Identifier: Apache-2.0 */
/* The editable tree, and the operations of a patch on it. */
#include "splice-priv.h"

#include "otelgate/codec/jptr.h"

/* One node per token, in the order of the tape, so that the indices differ by one. */
int og_sp_json_tree(const struct og_source_doc *d, struct og_arena *a, struct og_ytree *ret_tree,
	uint32_t *ret_root)
{
	const struct og_jdoc *j = &d->doc;
	struct og_ynode *n = og_arena_new_n(a, j->ntok + 1, struct og_ynode);
	if (!n)
		return -OG_E_OOM;
	for (uint32_t i = 0; i < j->ntok; i++) {
		const struct og_jtok *t = &j->tok[i];
		struct og_ynode *y = &n[i + 1];
		bool string = t->type == OG_J_STRING;
		y->start = d->root + t->off - string;
		y->end = d->root + t->off + t->len + string;
		y->flow = true;
		y->kind = t->type == OG_J_ARRAY	   ? OG_Y_SEQ
			  : t->type == OG_J_OBJECT ? OG_Y_MAP
						   : OG_Y_SCALAR;
		y->style = string ? OG_YS_DOUBLE : OG_YS_PLAIN;
		y->implicit = !string;
		y->text = og_sv(d->src->text.p + y->start, y->end - y->start);
		if (string && !og_jstr((struct og_jval){j, i}, a, &y->text))
			return -OG_E_OOM;
		if (y->kind == OG_Y_SCALAR)
			continue;
		for (uint32_t c = i + 1; c < t->end; c = j->tok[c].end) {
			if (y->last)
				n[y->last].next = c + 1;
			else
				y->first = c + 1;
			y->last = c + 1;
			y->count++;
		}
	}
	*ret_tree = (struct og_ytree){.n = n, .count = j->ntok + 1, .cap = j->ntok + 1};
	*ret_root = 1;
	return 0;
}

static struct og_xnode *new_node(struct og_splice *s, struct og_xnode *up)
{
	struct og_xnode *x = og_arena_new(s->a, struct og_xnode);
	if (x)
		x->up = up;
	return x;
}

struct og_xnode *og_sp_root(struct og_splice *s)
{
	struct og_xnode *x = new_node(s, NULL);
	if (x) {
		x->y = s->d->json ? 1 : s->d->root;
		x->kind = og_sp_node(s, x->y)->kind;
	}
	return x;
}

static void set_fresh(struct og_xnode *x, struct og_jval v)
{
	x->val = v;
	x->fresh = true;
	x->open = false;
	x->first = NULL;
	x->removed = false;
	x->kind = og_jis(v, OG_J_OBJECT)  ? OG_Y_MAP
		  : og_jis(v, OG_J_ARRAY) ? OG_Y_SEQ
					  : OG_Y_SCALAR;
	for (struct og_xnode *p = x; p; p = p->up)
		p->dirty = true;
}

static bool key_text(struct og_splice *s, uint32_t i, struct og_sv *ret)
{
	const struct og_ynode *n = og_ydeep(s->tree, i);
	struct og_yvalue v;
	*ret = n->text;
	if (og_ytype_resolve(n->text, n->tag, n->implicit, &v) || v.type == OG_Y_STR ||
		v.type == OG_Y_NULL)
		return true;
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	og_ytype_key(&b, &v, n->text);
	*ret = og_arena_sv(s->a, og_buf_view(&b));
	return !b.failed && ret->p;
}

static bool open_fresh(struct og_splice *s, struct og_xnode *x)
{
	struct og_xnode **tail = &x->first;
	og_jfor (it, x->val) {
		struct og_xnode *c = new_node(s, x);
		if (!c || (it.object && !og_jstr(it.key, s->a, &c->key)))
			return false;
		set_fresh(c, it.val);
		*tail = c;
		tail = &c->next;
	}
	return true;
}

static bool open_text(struct og_splice *s, struct og_xnode *x)
{
	struct og_xnode **tail = &x->first;
	bool map = x->kind == OG_Y_MAP;
	for (uint32_t i = og_sp_node(s, x->y)->first; i; i = og_sp_node(s, i)->next) {
		struct og_xnode *c = new_node(s, x);
		if (!c)
			return false;
		if (map) {
			c->ykey = i;
			c->merge = !s->d->json && og_ynode_merge(og_sp_node(s, i));
			if (!key_text(s, i, &c->key))
				return false;
			i = og_sp_node(s, i)->next;
		}
		c->y = i;
		c->kind = og_sp_node(s, i)->kind;
		*tail = c;
		tail = &c->next;
	}
	return true;
}

bool og_sp_open(struct og_splice *s, struct og_xnode *x)
{
	if (x->open || (x->kind != OG_Y_MAP && x->kind != OG_Y_SEQ))
		return true;
	x->open = true;
	return x->fresh ? open_fresh(s, x) : open_text(s, x);
}

struct og_xnode *og_sp_live(struct og_xnode *child)
{
	while (child && child->removed)
		child = child->next;
	return child;
}

/* ---- Sharing --------------------------------------------------------------------------------- */

static int refuse_shared(struct og_splice *s, uint32_t at, uint32_t anchor)
{
	uint32_t line, col;
	struct og_sv name = og_sp_anchor(s, anchor);
	og_source_offset(s->d->src, og_sp_node(s, anchor)->start, &line, &col);
	return og_sp_refuse(s, og_sp_node(s, at)->start,
		"this value is shared through the anchor %s (line %u), so that an edit would "
		"change other places too (write the value out where it is used)",
		og_ykey_show(name).s, line);
}

/* Editing inside x must change one place only. */
static int check_inside(struct og_splice *s, const struct og_xnode *x)
{
	if (!x->y || x->fresh)
		return 0;
	const struct og_ynode *n = og_sp_node(s, x->y);
	if (n->kind == OG_Y_ALIAS)
		return refuse_shared(s, x->y, n->target);
	return n->aliased ? refuse_shared(s, x->y, x->y) : 0;
}

/* A value that goes away must not be needed elsewhere. */
static int check_gone(struct og_splice *s, const struct og_xnode *x)
{
	if (!x->y || x->fresh || s->d->json)
		return 0;
	uint32_t last = x->y, from = x->ykey ? x->ykey : x->y;
	while (og_sp_node(s, last)->last)
		last = og_sp_node(s, last)->last;
	bool any = false;
	for (uint32_t i = from; i <= last && !any; i++)
		any = og_sp_node(s, i)->aliased;
	for (uint32_t i = last + 1; any && i < s->tree->count; i++) {
		const struct og_ynode *n = og_sp_node(s, i);
		if (n->kind == OG_Y_ALIAS && n->target >= from && n->target <= last)
			return refuse_shared(s, from, n->target);
	}
	return 0;
}

/* ---- Operations ------------------------------------------------------------------------------ */

static struct og_xnode *find_key(struct og_xnode *x, struct og_sv key, bool *ret_merges)
{
	for (struct og_xnode *c = og_sp_live(x->first); c; c = og_sp_live(c->next)) {
		if (c->merge)
			*ret_merges = true;
		else if (og_sv_eq(c->key, key))
			return c;
	}
	return NULL;
}

/* *ret_prev is the child behind which index stands. */
static struct og_xnode *find_index(struct og_xnode *x, uint32_t index, struct og_xnode **ret_prev)
{
	struct og_xnode *c = og_sp_live(x->first);
	*ret_prev = NULL;
	for (; c && index; index--) {
		*ret_prev = c;
		c = og_sp_live(c->next);
	}
	return c;
}

static int refuse_merged(struct og_splice *s, const struct og_xnode *x, struct og_sv key)
{
	return og_sp_refuse(s, og_sp_node(s, x->y)->start,
		"\"%s\" comes into this mapping through a merge (<<), so that an edit would change "
		"other places too (write it out here)",
		og_ykey_show(key).s);
}

static int no_such(struct og_splice *s, struct og_sv token)
{
	return og_err_set(s->err, OG_E_INVALID, "the patch names \"%s\", which does not exist",
		og_ykey_show(token).s);
}

static int step_into(struct og_splice *s, struct og_xnode **x, struct og_sv token)
{
	struct og_xnode *c = NULL, *prev;
	uint32_t index;
	bool merges = false;
	int rc = check_inside(s, *x);
	if (rc)
		return rc;
	if (!og_sp_open(s, *x))
		return og_sp_oom(s);
	if ((*x)->kind == OG_Y_MAP)
		c = find_key(*x, token, &merges);
	else if ((*x)->kind == OG_Y_SEQ && og_jptr_index(token, &index))
		c = find_index(*x, index, &prev);
	if (!c)
		return merges ? refuse_merged(s, *x, token) : no_such(s, token);
	*x = c;
	return 0;
}

static int insert_child(struct og_splice *s, struct og_xnode *x, struct og_xnode *prev,
	struct og_sv key, struct og_jval v)
{
	struct og_xnode *c = new_node(s, x);
	if (!c)
		return og_sp_oom(s);
	c->key = key;
	struct og_xnode **at = prev ? &prev->next : &x->first;
	c->next = *at;
	*at = c;
	set_fresh(c, v);
	return 0;
}

static int add_element(
	struct og_splice *s, struct og_xnode *x, struct og_sv token, struct og_jval v)
{
	uint32_t index = UINT32_MAX;
	struct og_xnode *prev;
	if (!og_sv_is(token, "-") && !og_jptr_index(token, &index))
		return no_such(s, token);
	find_index(x, index, &prev);
	return insert_child(s, x, prev, (struct og_sv){"", 0}, v);
}

static int replace_value(struct og_splice *s, struct og_xnode *c, struct og_jval v)
{
	int rc = check_gone(s, c);
	if (!rc)
		set_fresh(c, v);
	return rc;
}

static int add_member(struct og_splice *s, struct og_xnode *x, struct og_sv key, struct og_jval v)
{
	bool merges = false;
	struct og_xnode *c = find_key(x, key, &merges), *last = NULL;
	if (c)
		return replace_value(s, c, v);
	for (c = x->first; c; c = c->next) {
		/* What was removed before comes back to its place. */
		if (c->removed && c->y && !c->merge && og_sv_eq(c->key, key)) {
			set_fresh(c, v);
			return 0;
		}
		last = c;
	}
	return insert_child(s, x, last, key, v);
}

static int remove_child(struct og_splice *s, struct og_xnode *x, struct og_sv token)
{
	struct og_xnode *c = x;
	int rc = step_into(s, &c, token);
	if (!rc)
		rc = check_gone(s, c);
	if (rc)
		return rc;
	c->removed = true;
	for (struct og_xnode *p = c->up; p; p = p->up)
		p->dirty = true;
	return 0;
}

static int replace_child(
	struct og_splice *s, struct og_xnode *x, struct og_sv token, struct og_jval v)
{
	struct og_xnode *c = x;
	/* A merged key is overruled by one of its own. */
	if (x->kind == OG_Y_MAP)
		return add_member(s, x, token, v);
	int rc = step_into(s, &c, token);
	return rc ? rc : replace_value(s, c, v);
}

enum verb { ADD, REPLACE, REMOVE, TEST, VERBS };
static const char *const verbs[VERBS] = {"add", "replace", "remove", "test"};

static int operate(struct og_splice *s, enum verb verb, struct og_sv path, struct og_jval v)
{
	struct og_xnode *x = s->root;
	struct og_sv token, next;
	struct og_err err = OG_ERR_INIT;
	if (!og_jptr_next(&path, s->a, &token, &err))
		return verb == REMOVE ? no_such(s, OG_SV("")) : replace_value(s, x, v);
	while (og_jptr_next(&path, s->a, &next, &err)) {
		int rc = step_into(s, &x, token);
		if (rc)
			return rc;
		token = next;
	}
	if (err.code != OG_OK)
		return err.code == OG_E_OOM ? og_sp_oom(s) : no_such(s, path);
	int rc = check_inside(s, x);
	if (rc)
		return rc;
	if (!og_sp_open(s, x))
		return og_sp_oom(s);
	if (verb == REMOVE)
		return remove_child(s, x, token);
	if (verb == REPLACE)
		return replace_child(s, x, token, v);
	return x->kind == OG_Y_MAP ? add_member(s, x, token, v) : add_element(s, x, token, v);
}

int og_sp_operation(struct og_splice *s, struct og_jval op)
{
	struct og_sv path;
	unsigned verb = 0;
	while (verb < VERBS && !og_jstr_eq(og_jgetl(op, "op"), og_svz(verbs[verb])))
		verb++;
	if (verb == VERBS)
		return og_err_set(s->err, OG_E_UNSUPPORTED,
			"only add, replace, remove and test can be carried out on a text");
	if (verb == TEST)
		return 0;
	if (!og_jstr(og_jgetl(op, "path"), s->a, &path))
		return og_sp_oom(s);
	return operate(s, (enum verb)verb, path, og_jgetl(op, "value"));
}
