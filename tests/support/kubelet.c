/* SPDX-License-Identifier: Apache-2.0 */
/* The kubelet's expansion and the SDKs' decoding, for tests. */
#include "support/kubelet.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
	char *p;
	size_t n, cap;
};

static void put(struct text *t, const char *s, size_t n)
{
	if (t->n + n + 1 > t->cap) {
		t->cap = (t->n + n + 1) * 2;
		t->p = realloc(t->p, t->cap);
		ck_assert_ptr_nonnull(t->p);
	}
	memcpy(t->p + t->n, s, n);
	t->n += n;
	t->p[t->n] = '\0';
}

/* $(NAME) of something defined is replaced, $$ is one $, everything else stays. */
static char *expand(const char *s, const json_t *seen)
{
	struct text t = {0};
	put(&t, "", 0);
	for (; *s; s++) {
		const char *close;
		if (s[0] == '$' && s[1] == '$') {
			put(&t, "$", 1);
			s++;
		} else if (s[0] == '$' && s[1] == '(' && (close = strchr(s, ')'))) {
			char name[256];
			size_t n = (size_t)(close - s - 2);
			ck_assert_uint_lt(n, sizeof(name));
			memcpy(name, s + 2, n);
			name[n] = '\0';
			const char *v = json_string_value(json_object_get(seen, name));
			if (v)
				put(&t, v, strlen(v));
			else
				put(&t, s, n + 3);
			s = close;
		} else {
			put(&t, s, 1);
		}
	}
	return t.p;
}

static char *from(const json_t *value_from)
{
	char buf[600];
	const json_t *o = json_object_get(value_from, "fieldRef");
	const char *path = json_string_value(json_object_get(o, "fieldPath"));
	if (path) {
		snprintf(buf, sizeof(buf), "<%s>", path);
		return strdup(buf);
	}
	bool secret = json_object_get(value_from, "secretKeyRef") != NULL;
	o = json_object_get(value_from, secret ? "secretKeyRef" : "configMapKeyRef");
	const char *name = json_string_value(json_object_get(o, "name"));
	const char *key = json_string_value(json_object_get(o, "key"));
	snprintf(buf, sizeof(buf), "<%s %s/%s>", secret ? "secret" : "configmap", name ? name : "?",
		key ? key : "?");
	return strdup(buf);
}

json_t *kubelet_env(const json_t *env)
{
	json_t *seen = json_object();
	size_t i;
	json_t *e;
	json_array_foreach((json_t *)(uintptr_t)env, i, e)
	{
		const char *name = json_string_value(json_object_get(e, "name"));
		const char *value = json_string_value(json_object_get(e, "value"));
		const json_t *vf = json_object_get(e, "valueFrom");
		ck_assert_ptr_nonnull(name);
		ck_assert_msg(!(value && *value && json_is_object(vf)),
			"%s has both value and valueFrom", name);
		char *text = json_is_object(vf) ? from(vf) : expand(value ? value : "", seen);
		json_object_set_new(seen, name, json_string(text));
		free(text);
	}
	return seen;
}

static bool decode(const char *s, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++) {
		unsigned v;
		if (s[i] != '%') {
			*out++ = s[i];
			continue;
		}
		char hex[3] = {i + 2 < n ? s[i + 1] : '\0', i + 2 < n ? s[i + 2] : '\0', 0};
		if (i + 2 >= n || strspn(hex, "0123456789abcdefABCDEF") != 2)
			return false;
		v = (unsigned)strtoul(hex, NULL, 16);
		*out++ = (char)v;
		i += 2;
	}
	*out = '\0';
	return true;
}

static bool one(json_t *all, const char *item, size_t n, char why[200])
{
	const char *eq = memchr(item, '=', n);
	char *key = malloc(n + 1), *value = malloc(n + 1);
	const char *wrong = NULL;
	ck_assert(key && value);
	if (!eq || eq == item)
		wrong = "no key or no \"=\"";
	else if (memchr(eq + 1, '=', n - (size_t)(eq + 1 - item)))
		wrong = "a second \"=\"";
	else if (!decode(item, (size_t)(eq - item), key) ||
		 !decode(eq + 1, n - (size_t)(eq + 1 - item), value))
		wrong = "a bad escape";
	else if (json_object_get(all, key))
		wrong = "a repeated key";
	for (size_t i = 0; i < n && !wrong; i++)
		if ((unsigned char)item[i] <= ' ' || (unsigned char)item[i] > 126 ||
			strchr("\"\\;", item[i]))
			wrong = "a byte that must be encoded";
	if (!wrong && json_object_set_new(all, key, json_string(value)))
		wrong = "no UTF-8";
	if (wrong)
		snprintf(why, 200, "%s in: %.*s", wrong, (int)(n < 120 ? n : 120), item);
	free(key);
	free(value);
	return !wrong;
}

json_t *sdk_attributes(const char *value, char why[200])
{
	json_t *all = json_object();
	const char *p = value;
	if (strstr(value, "$(")) {
		snprintf(why, 200, "an unexpanded \"$(\"");
		json_decref(all);
		return NULL;
	}
	while (*p) {
		size_t n = strcspn(p, ",");
		if (!one(all, p, n, why)) {
			json_decref(all);
			return NULL;
		}
		p += n;
		if (*p == ',' && !*++p) {
			snprintf(why, 200, "a comma at the end");
			json_decref(all);
			return NULL;
		}
	}
	return all;
}
