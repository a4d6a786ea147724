/* Predicts costs of people who belong to several groups:  cc -std=c99 groupwise.c -I../../include -L../../target/release -lsouthwell -lm
 * The loader wants the library by its SONAME, and to know where it is:
 *   ln -s libsouthwell.so ../../target/release/libsouthwell.so.0.1
 *   LD_LIBRARY_PATH=../../target/release ./a.out [FILE]
 * FILE is a CSV of age, sex, bmi, children, smoker, region and charges (Medical Cost, Kaggle); without it people are made up. */
#include <math.h>
#include <southwell.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 5000, FEATURES = 18, GROUPS = 11 };
static const char *const names[GROUPS] = { "young", "middle", "old", "underweight", "healthy weight", "overweight", "obese",
                                           "smoker", "non-smoker", "male", "female" };
static double features[MOST][FEATURES], charges[MOST];
static int64_t groups[MOST][4];

/* Numbers to [0, 1], an indicator for each value of the others, and the four groups. */
static void describe(int i, double age, int male, double bmi, double children, int smokes, int region)
{
  const int of_age = (age > 35) + (age > 50), of_bmi = (bmi >= 18.5) + (bmi >= 25) + (bmi >= 30);
  double *x = features[i];
  x[0] = (age - 18) / 46;
  x[1] = (bmi - 15) / 39;
  x[2] = children / 5;
  x[3 + male] = x[5 + smokes] = x[7 + region] = x[11 + of_age] = x[14 + of_bmi] = 1;
  groups[i][0] = of_age;
  groups[i][1] = 3 + of_bmi;
  groups[i][2] = 7 + !smokes;
  groups[i][3] = 9 + !male;
}

static double uniform(uint64_t *state)
{
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(*state >> 11) / 9007199254740992.0;
}

static int make_up(void)
{
  uint64_t state = 5;
  for (int i = 0; i < 1338; i++) {
    const double age = 18 + floor(47 * uniform(&state)), bmi = 16 + 37 * pow(uniform(&state), 1.2);
    const double children = floor(6 * uniform(&state) * uniform(&state));
    const int male = uniform(&state) < 0.5, smokes = uniform(&state) < 0.2;
    describe(i, age, male, bmi, children, smokes, (int)(4 * uniform(&state)));
    charges[i] = 250 * age + 500 * children + smokes * (bmi >= 30 ? 28000 : 14000) + 3000 * uniform(&state);
  }
  return 1338;
}

static int read_file(const char *name)
{
  char line[256], sex[16], smoker[16], region[16];
  double age, bmi, children, charge;
  int n = 0;
  FILE *file = fopen(name, "r");
  while (file != NULL && n < MOST && fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, "%lf,%15[^,],%lf,%lf,%15[^,],%15[^,],%lf", &age, sex, &bmi, &children, smoker, region, &charge) == 7) {
      describe(n, age, strcmp(sex, "male") == 0, bmi, children, strcmp(smoker, "yes") == 0,
               2 * (region[0] == 's') + (strstr(region, "west") != NULL));
      charges[n++] = charge;
    }
  if (file == NULL) perror(name);
  else fclose(file);
  return n;
}

int main(int argc, char **argv)
{
  const int n = argc > 1 ? read_file(argv[1]) : make_up();
  swl_options *options = NULL;
  swl_groupwise *s = NULL;
  swl_status rc = swl_options_new("groupwise", &options);
  if (rc == SWL_OK) rc = swl_options_set_f64(options, "label_upper", 70000); /* charges are from 0 to this */
  if (rc == SWL_OK) rc = swl_groupwise_new(FEATURES, GROUPS, 0, NULL, options, &s);
  for (int i = 0; i < n && rc == SWL_OK; i++) {
    uint64_t ticket = 0;
    double prediction = 0;
    rc = swl_groupwise_predict(s, features[i], FEATURES, groups[i], 4, &prediction, &ticket);
    if (rc == SWL_OK) rc = swl_groupwise_update(s, ticket, charges[i], 1); /* the label may also come later */
  }
  for (int g = -1; g < GROUPS && rc == SWL_OK; g++) {
    swl_group_cert cert = { .struct_size = sizeof cert };
    rc = swl_groupwise_certificate(s, g, &cert);
    if (rc == SWL_OK && cert.rounds > 0)
      printf("%-14s %4d rounds: error %5.0f, that of the best linear model in hindsight %5.0f, regret %.2e of at most %.2e: %s\n",
             g < 0 ? "everybody" : names[g], (int)cert.rounds, sqrt(cert.loss / cert.weight),
             sqrt(cert.hindsight / cert.weight), cert.regret, cert.bound,
             cert.standing == SWL_STANDING_HOLDS ? "holds" : "look at it");
  }
  if (rc != SWL_OK) {
    char message[256];
    swl_last_message(message, sizeof message);
    fprintf(stderr, "%s: %s\n", swl_status_name(rc), message);
  }
  swl_groupwise_free(s);
  swl_options_free(options);
  return rc == SWL_OK && n > 0 ? 0 : 1;
}
