/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Errors: a caller-owned object with a code, a message and the chain of context that led to it.
 *
 * A fallible function returns 0, or a negative enum og_code, and takes `struct og_err *err` last;
 * NULL means that the caller does not care. The object lives on the caller's stack, so that making
 * an error can never fail. Messages name the place and the fix; they never hold a secret.
 */

enum og_code {
	OG_OK = 0,
	OG_E_OOM,	  /* an allocation failed or a memory limit was reached */
	OG_E_BUG,	  /* our own fault */
	OG_E_CONFIG,	  /* the configuration is wrong */
	OG_E_PARSE,	  /* bytes that are not what they claim to be */
	OG_E_LIMIT,	  /* well formed, but larger or deeper than we accept */
	OG_E_IO,	  /* the operating system refused; sys holds errno */
	OG_E_TLS,	  /* a certificate or handshake failed */
	OG_E_TIMEOUT,	  /* a deadline passed */
	OG_E_CANCELLED,	  /* stopped on request */
	OG_E_NOT_FOUND,	  /* the thing asked for does not exist */
	OG_E_CONFLICT,	  /* someone else changed it, or two things contradict */
	OG_E_INVALID,	  /* well formed, but not acceptable */
	OG_E_UNSUPPORTED, /* valid, and not handled by otelgate */
	OG_E_USAGE,	  /* the command line is wrong */
	OG_E_COUNT_
};

enum { OG_ERR_MSG_BYTES = 768 };

struct og_err {
	enum og_code code;
	int sys;		    /* errno, or a library's own number; 0 = none */
	const char *where;	    /* function that made the error (static storage) */
	char msg[OG_ERR_MSG_BYTES]; /* UTF-8, cut at a character boundary */
};

#define OG_ERR_INIT           \
	{                     \
		.code = OG_OK \
	}

/* Fills err (unless NULL) and returns -code, so that making and returning is one statement. */
int og_err_set_(struct og_err *err, const char *where, enum og_code code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
#define og_err_set(err, code, ...) og_err_set_((err), __func__, (code), __VA_ARGS__)

/* The same, with errno's text appended and kept in err->sys. */
int og_err_sys_(struct og_err *err, const char *where, int sys, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
#define og_err_sys(err, sys, ...) og_err_sys_((err), __func__, (sys), __VA_ARGS__)

/* Prefixes "context: " to the message, keeps the code, returns -code. */
int og_err_wrap(struct og_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void og_err_clear(struct og_err *err);

/* Stable lower-case name: "oom", "config", "parse" … Unknown codes give "unknown". */
const char *og_code_name(enum og_code code);
