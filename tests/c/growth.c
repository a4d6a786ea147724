/* Structs of an older and of a newer header: shorter ones are cut, longer ones are filled with zeros or refused. */
#include "check.h"

#define ROWS 20
#define COLS 8

typedef struct long_info { swl_bcd_info info; double later[2]; } long_info;
typedef struct long_control { swl_control control; uint64_t later; } long_control;
typedef struct long_row { swl_trace_row row; double later; } long_row;
typedef struct long_cert { swl_certificate cert; double later; } long_cert;
typedef struct long_desc { swl_option_desc desc; void *later; } long_desc;

int main(void)
{
  static double a[ROWS * COLS], y[ROWS];
  swl_options *o = options_with("lambda_ratio", 0.05);
  swl_bcd *s;
  swl_bcd_info plain = empty_info();
  long_info info;
  long_control control;
  long_cert cert;
  long_desc desc;
  long_row rows[32];
  swl_trace_row short_rows[32];
  int64_t count = 0, i;
  make_data(a, y, ROWS, COLS);
  s = dense_problem(a, y, ROWS, COLS);
  OK(swl_options_set_i64(o, "trace", 1));
  /* Longer outputs: the unknown tail becomes zero, the size stays. */
  memset(&info, 0xab, sizeof info);
  info.info.struct_size = sizeof info;
  OK(swl_bcd_solve(s, o, NULL, &info.info));
  CHECK(info.info.struct_size == sizeof info && info.info.outcome == SWL_CONVERGED);
  CHECK(info.later[0] == 0.0 && info.later[1] == 0.0);
  memset(&cert, 0xab, sizeof cert);
  cert.cert.struct_size = sizeof cert;
  OK(swl_bcd_certificate(s, &cert.cert));
  CHECK(cert.cert.struct_size == sizeof cert && cert.later == 0.0 && cert.cert.pad_ == 0);
  CHECK(cert.cert.value == info.info.certificate);
  memset(&desc, 0xab, sizeof desc);
  desc.desc.struct_size = sizeof desc;
  OK(swl_options_describe(o, 0, &desc.desc));
  CHECK(desc.later == NULL && strcmp(desc.desc.key, "tolerance") == 0);
  /* An array of longer structs has their stride. */
  memset(rows, 0xab, sizeof rows);
  rows[0].row.struct_size = sizeof rows[0];
  OK(swl_bcd_trace(s, &rows[0].row, 32, &count));
  short_rows[0].struct_size = sizeof short_rows[0];
  OK(swl_bcd_trace(s, short_rows, 32, &count));
  CHECK(count >= 2);
  for (i = 0; i < count; i++) {
    CHECK(rows[i].later == 0.0 && rows[i].row.struct_size == sizeof rows[0]);
    CHECK(rows[i].row.objective == short_rows[i].objective && rows[i].row.nonzeros == short_rows[i].nonzeros);
  }
  /* Fewer rows than there are: these and no more. */
  memset(rows, 0xab, sizeof rows);
  rows[0].row.struct_size = sizeof rows[0];
  OK(swl_bcd_trace(s, &rows[0].row, 1, &count));
  CHECK(count >= 2 && rows[1].row.struct_size == 0xababababu);
  /* Longer inputs: fine while the unknown tail is zero, refused when it is not. */
  memset(&control, 0, sizeof control);
  control.control.struct_size = sizeof control;
  OK(swl_bcd_solve(s, o, &control.control, &plain));
  control.later = (uint64_t)1 << 60;
  FAILS(swl_bcd_solve(s, o, &control.control, &plain), SWL_E_UNSUPPORTED, "control, byte 55");
  /* Shorter than the first published: refused, untouched. */
  info.info.struct_size = 104;
  info.info.iterations = 77;
  FAILS(swl_bcd_solve(s, o, NULL, &info.info), SWL_E_ARGUMENT, "sizeof(swl_bcd_info), which is 128");
  control.control.struct_size = sizeof control.control - 8;
  FAILS(swl_bcd_solve(s, o, &control.control, &plain), SWL_E_ARGUMENT, "sizeof(swl_control)");
  cert.cert.struct_size = 40;
  FAILS(swl_bcd_certificate(s, &cert.cert), SWL_E_ARGUMENT, "sizeof(swl_certificate)");
  short_rows[0].struct_size = 47;
  FAILS(swl_bcd_trace(s, short_rows, 32, &count), SWL_E_ARGUMENT, "sizeof(swl_trace_row)");
  CHECK(info.info.iterations == 77);
  swl_bcd_free(s);
  swl_options_free(o);
  return finish("growth");
}
