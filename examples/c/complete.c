/* Completes a matrix of ratings:  cc -std=c99 complete.c -I../../include -L../../target/release -lsouthwell -lm
 * The loader wants the library by its SONAME, and to know where it is:
 *   ln -s libsouthwell.so ../../target/release/libsouthwell.so.0.1
 *   LD_LIBRARY_PATH=../../target/release ./a.out [FILE]
 * FILE has lines of user, item and rating, from 1 (MovieLens' u.data); without it ratings are made up. */
#include <math.h>
#include <southwell.h>
#include <stdio.h>
#include <stdlib.h>

enum { USERS = 200, ITEMS = 120, MOST = 200000 };
static int32_t user[MOST], item[MOST];
static double rating[MOST];

/* Users and items with two tastes; a quarter of the ratings are known, in half stars. */
static int64_t make_up(void)
{
  int64_t n = 0;
  for (int i = 0; i < USERS; i++)
    for (int j = 0; j < ITEMS; j++)
      if ((i * 31 + j * 17 + i * j) % 4 == 0) {
        user[n] = i + 1;
        item[n] = j + 1;
        rating[n++] = floor(6.5 + 2 * sin(0.3 * i) * cos(0.5 * j) + cos(0.2 * i) + sin(0.9 * j)) / 2;
      }
  return n;
}

static int64_t read_file(const char *name)
{
  int64_t n = 0;
  char line[256];
  FILE *file = fopen(name, "r");
  while (file != NULL && n < MOST && fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, "%d %d %lf", &user[n], &item[n], &rating[n]) == 3) n++;
  if (file == NULL) perror(name);
  else fclose(file);
  return n;
}

int main(int argc, char **argv)
{
  const int64_t n = argc > 1 ? read_file(argv[1]) : make_up();
  static int64_t rated[MOST]; /* what user 1 has rated already */
  int64_t users = 0, items = 0, best[3], count = 0, n_rated = 0;
  double score[3];
  for (int64_t k = 0; k < n; k++) {
    if (user[k] > users) users = user[k];
    if (item[k] > items) items = item[k];
    if (user[k] == 1) rated[n_rated++] = item[k] - 1;
  }
  swl_triplets triplets = swl_triplets_f64_i32(users, items, n, user, item, rating, 1);
  swl_matrix entries = swl_matrix_triplets(&triplets);
  swl_options *options = NULL;
  swl_altmin *s = NULL;
  swl_altmin_info info = { .struct_size = sizeof info };

  swl_status rc = swl_options_new("altmin", &options);
  if (rc == SWL_OK) rc = swl_options_set_i64(options, "rank", 5);
  if (rc == SWL_OK) rc = swl_options_set_str(options, "biases", "true"); /* the ridge is chosen on entries held out */
  if (rc == SWL_OK) rc = swl_options_set_f64(options, "held_out", 0.1);
  if (rc == SWL_OK) rc = swl_altmin_new(&entries, NULL, options, NULL, &s);
  if (rc == SWL_OK) rc = swl_altmin_solve(s, options, NULL, &info);
  if (rc == SWL_OK) rc = swl_altmin_top(s, SWL_ROWS, 0, rated, n_rated, 3, best, score, &count);
  if (rc == SWL_OK) {
    printf("%s after %d sweeps: rmse %.3f on %d ratings, %.3f on those held out, ridge %.3g\n",
           swl_outcome_name(info.outcome), (int)info.iterations, info.train_rmse, (int)n, info.held_out_rmse, info.ridge);
    for (int k = 0; k < count; k++) printf("user 1 would like item %d: %.2f\n", (int)best[k] + 1, score[k]);
  } else {
    char message[256];
    swl_last_message(message, sizeof message);
    fprintf(stderr, "%s: %s\n", swl_status_name(rc), message);
  }
  swl_altmin_free(s);
  swl_options_free(options);
  return rc == SWL_OK && info.outcome == SWL_CONVERGED ? 0 : 1;
}
