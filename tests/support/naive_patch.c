/* SPDX-License-Identifier: Apache-2.0 */
#include "support/naive_patch.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TOKENS = 32, MAX_TOKEN = 512 };

struct pointer {
	char token[MAX_TOKENS][MAX_TOKEN];
	int n;
};

static bool split(const char *text, struct pointer *p)
{
	p->n = 0;
	while (*text) {
		if (*text++ != '/' || p->n == MAX_TOKENS)
			return false;
		char *out = p->token[p->n++], *end = out + MAX_TOKEN - 1;
		for (; *text && *text != '/'; text++) {
			if (out == end || (*text == '~' && text[1] != '0' && text[1] != '1'))
				return false;
			*out++ = *text == '~' ? (*++text == '0' ? '~' : '/') : *text;
		}
		*out = '\0';
	}
	return true;
}

/* An index of an array of n elements; n itself only for adding. */
static bool index_of(const char *token, size_t n, bool adding, size_t *ret)
{
	if (adding && strcmp(token, "-") == 0) {
		*ret = n;
		return true;
	}
	if (!*token || strspn(token, "0123456789") != strlen(token) || strlen(token) > 9 ||
		(token[0] == '0' && token[1]))
		return false;
	*ret = strtoul(token, NULL, 10);
	return adding ? *ret <= n : *ret < n;
}

static json_t *child(json_t *at, const char *token)
{
	size_t i;
	if (json_is_object(at))
		return json_object_get(at, token);
	if (json_is_array(at) && index_of(token, json_array_size(at), false, &i))
		return json_array_get(at, i);
	return NULL;
}

static json_t *walk(json_t *doc, const struct pointer *p, int upto)
{
	for (int i = 0; doc && i < upto; i++)
		doc = child(doc, p->token[i]);
	return doc;
}

static bool add(json_t **doc, const struct pointer *p, json_t *value)
{
	size_t i;
	if (!p->n) {
		json_decref(*doc);
		*doc = json_deep_copy(value);
		return true;
	}
	json_t *parent = walk(*doc, p, p->n - 1);
	const char *last = p->token[p->n - 1];
	if (json_is_object(parent))
		return json_object_set_new(parent, last, json_deep_copy(value)) == 0;
	return json_is_array(parent) && index_of(last, json_array_size(parent), true, &i) &&
	       json_array_insert_new(parent, i, json_deep_copy(value)) == 0;
}

static bool take_away(json_t *doc, const struct pointer *p)
{
	size_t i;
	json_t *parent = p->n ? walk(doc, p, p->n - 1) : NULL;
	const char *last = p->n ? p->token[p->n - 1] : "";
	if (json_is_object(parent))
		return json_object_del(parent, last) == 0;
	return json_is_array(parent) && index_of(last, json_array_size(parent), false, &i) &&
	       json_array_remove(parent, i) == 0;
}

static bool replace(json_t **doc, const struct pointer *p, json_t *value)
{
	size_t i;
	if (!walk(*doc, p, p->n))
		return false;
	json_t *parent = p->n ? walk(*doc, p, p->n - 1) : NULL;
	if (!json_is_array(parent))
		return add(doc, p, value);
	return index_of(p->token[p->n - 1], json_array_size(parent), false, &i) &&
	       json_array_set_new(parent, i, json_deep_copy(value)) == 0;
}

static bool two_places(json_t **doc, const char *op, const char *from, const struct pointer *p)
{
	struct pointer *f = calloc(1, sizeof(*f));
	bool ok = f && from && split(from, f);
	json_t *value = ok ? json_deep_copy(walk(*doc, f, f->n)) : NULL;
	ok = value && (strcmp(op, "copy") == 0 || take_away(*doc, f)) && add(doc, p, value);
	json_decref(value);
	free(f);
	return ok;
}

static bool one(json_t **doc, const json_t *o)
{
	const char *op = json_string_value(json_object_get(o, "op"));
	const char *path = json_string_value(json_object_get(o, "path"));
	const char *from = json_string_value(json_object_get(o, "from"));
	json_t *value = json_object_get(o, "value");
	struct pointer *p = calloc(1, sizeof(*p));
	bool ok = p && op && path && split(path, p);
	if (!ok)
		;
	else if (strcmp(op, "add") == 0)
		ok = value && add(doc, p, value);
	else if (strcmp(op, "replace") == 0)
		ok = value && replace(doc, p, value);
	else if (strcmp(op, "remove") == 0)
		ok = take_away(*doc, p);
	else if (strcmp(op, "test") == 0)
		ok = value && json_equal(walk(*doc, p, p->n), value);
	else if (strcmp(op, "move") == 0 || strcmp(op, "copy") == 0)
		ok = two_places(doc, op, from, p);
	else
		ok = false;
	free(p);
	return ok;
}

bool naive_patch(json_t **doc, const json_t *patch)
{
	size_t i;
	json_t *o;
	if (!json_is_array(patch))
		return false;
	json_array_foreach(patch, i, o)
	{
		if (!one(doc, o))
			return false;
	}
	return true;
}
