/* What the C programs of the tests share: checks that count, data that are the same everywhere. */
#ifndef CHECK_H
#define CHECK_H

#include <math.h>
#include <southwell.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;

#define CHECK(what)                                                          \
  do {                                                                       \
    if (!(what)) {                                                           \
      failures++;                                                            \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what);     \
    }                                                                        \
  } while (0)

static inline const char *message(void)
{
  static char text[512];
  swl_last_message(text, sizeof text);
  return text;
}

/* The call works. */
#define OK(call)                                                                                       \
  do {                                                                                                 \
    swl_status rc_ = (call);                                                                           \
    if (rc_ != SWL_OK) {                                                                               \
      failures++;                                                                                      \
      fprintf(stderr, "%s:%d: %s: %s: %s\n", __FILE__, __LINE__, #call, swl_status_name(rc_), message()); \
    }                                                                                                  \
  } while (0)

/* The call fails with this status, and its message has this text. */
#define FAILS(call, status, text)                                                                     \
  do {                                                                                                \
    swl_status rc_ = (call);                                                                          \
    if (rc_ != (status) || strstr(message(), (text)) == NULL) {                                       \
      failures++;                                                                                     \
      fprintf(stderr, "%s:%d: %s: %s: %s (wanted %s with %s)\n", __FILE__, __LINE__, #call,           \
              swl_status_name(rc_), message(), swl_status_name(status), text);                        \
    }                                                                                                 \
  } while (0)

/* A number in [-1, 1) from a linear congruence: the same in every program. */
static inline double next_number(uint64_t *state)
{
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(int64_t)(*state >> 11) / 4503599627370496.0 - 1.0;
}

/* A dense matrix by columns, multiples of 1/64 so that float holds them too, and a target with four true coefficients. */
static inline void make_data(double *a, double *y, int64_t rows, int64_t cols)
{
  uint64_t state = 42;
  int64_t i, j;
  for (j = 0; j < cols; j++)
    for (i = 0; i < rows; i++) a[j * rows + i] = floor(64.0 * next_number(&state)) / 64.0;
  for (i = 0; i < rows; i++) {
    y[i] = floor(6.4 * next_number(&state)) / 64.0;
    for (j = 0; j < 4 && j < cols; j++) y[i] += (j + 1.0) * a[j * rows + i];
  }
}

static inline swl_options *options_with(const char *key, double value)
{
  swl_options *o = NULL;
  OK(swl_options_new("bcd", &o));
  if (key != NULL) OK(swl_options_set_f64(o, key, value));
  return o;
}

static inline swl_bcd *dense_problem(const double *a, const double *y, int64_t rows, int64_t cols)
{
  swl_bcd *s = NULL;
  swl_dense dense = swl_dense_f64(a, rows, cols, rows, SWL_COL_MAJOR);
  swl_matrix matrix = swl_matrix_dense(&dense);
  swl_vec target = swl_vec_f64(y, rows);
  OK(swl_bcd_new(&matrix, &target, NULL, NULL, NULL, &s));
  return s;
}

static inline swl_bcd_info empty_info(void)
{
  swl_bcd_info info;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  return info;
}

static inline int finish(const char *name)
{
  if (failures == 0) printf("%s: ok\n", name);
  return failures == 0 ? 0 : 1;
}

#endif
