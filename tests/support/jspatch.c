/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 6902 on jansson trees, as plainly as it can be written. */
#include "support/jspatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Takes one reference token off *path ("/a~1b/c") and decodes it. */
static bool token(const char **path, char *out, size_t max)
{
	const char *p = *path;
	size_t n = 0;
	if (*p++ != '/')
		return false;
	for (; *p && *p != '/'; p++) {
		char c = *p;
		if (c == '~') {
			c = p[1] == '0' ? '~' : p[1] == '1' ? '/' : '\0';
			if (!c)
				return false;
			p++;
		}
		if (n + 1 >= max)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	*path = p;
	return true;
}

static bool number(const char *s, size_t *ret)
{
	char *end;
	if (!*s || strspn(s, "0123456789") != strlen(s) || (s[0] == '0' && s[1]))
		return false;
	*ret = strtoul(s, &end, 10);
	return true;
}

static bool in_array(json_t *parent, const char *name, const char *op, json_t *value)
{
	size_t i, n = json_array_size(parent);
	bool add = !strcmp(op, "add");
	if (add && !strcmp(name, "-"))
		return json_array_append(parent, value) == 0;
	if (!number(name, &i) || i >= n + (size_t)add)
		return false;
	if (add)
		return json_array_insert(parent, i, value) == 0;
	if (!strcmp(op, "replace"))
		return json_array_set(parent, i, value) == 0;
	return json_array_remove(parent, i) == 0;
}

static bool in_object(json_t *parent, const char *name, const char *op, json_t *value)
{
	bool add = !strcmp(op, "add");
	if (!add && !json_object_get(parent, name))
		return false;
	if (!strcmp(op, "remove"))
		return json_object_del(parent, name) == 0;
	return json_object_set(parent, name, value) == 0;
}

static bool one(json_t **doc, const json_t *o)
{
	const char *op = json_string_value(json_object_get(o, "op"));
	const char *path = json_string_value(json_object_get(o, "path"));
	json_t *value = json_object_get(o, "value");
	char name[4096];
	if (!op || !path || (!value && strcmp(op, "remove") != 0))
		return false;
	if (strcmp(op, "add") != 0 && strcmp(op, "remove") != 0 && strcmp(op, "replace") != 0)
		return false;
	if (!*path) {
		if (!value)
			return false;
		json_decref(*doc);
		*doc = json_incref(value);
		return true;
	}
	json_t *at = *doc;
	for (;;) {
		if (!token(&path, name, sizeof(name)))
			return false;
		if (!*path)
			break;
		size_t i;
		if (json_is_array(at))
			at = number(name, &i) ? json_array_get(at, i) : NULL;
		else
			at = json_object_get(at, name);
	}
	/* values are copied, so that a later operation cannot change the patch itself */
	json_t *copy = value ? json_deep_copy(value) : NULL;
	bool ok = json_is_array(at)    ? in_array(at, name, op, copy)
		  : json_is_object(at) ? in_object(at, name, op, copy)
				       : false;
	json_decref(copy);
	return ok;
}

bool js_patch(json_t **doc, const json_t *ops, char why[200])
{
	size_t i;
	json_t *o;
	json_array_foreach((json_t *)(uintptr_t)ops, i, o)
	{
		if (one(doc, o))
			continue;
		const char *path = json_string_value(json_object_get(o, "path"));
		snprintf(why, 200, "operation %zu at %s does not apply", i, path ? path : "?");
		return false;
	}
	return true;
}
