/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Jitter: splitmix64 (Steele, Lea, Flood 2014). Spreads waits, protects nothing. */
#include <stdint.h>

static inline uint64_t kube_rng(uint64_t *state)
{
	uint64_t z = (*state += 0x9E3779B97F4A7C15ULL);
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
	return z ^ (z >> 31);
}

/* 0 … n, both included; 0 for n <= 0. The bias of the remainder does not matter here. */
static inline int64_t kube_rng_upto(uint64_t *state, int64_t n)
{
	return n <= 0 ? 0 : (int64_t)(kube_rng(state) % ((uint64_t)n + 1));
}
