// A stream that is saved and goes on elsewhere:  c++ -std=c++11 groupwise.cpp -I../../include -L../../target/release -lsouthwell
// The loader wants the library by its SONAME, and to know where it is:
//   ln -s libsouthwell.so ../../target/release/libsouthwell.so.0.1
//   LD_LIBRARY_PATH=../../target/release ./a.out
#include <cmath>
#include <cstdio>
#include <southwell.hpp>
#include <vector>

int main() {
  try {
    southwell::options options("groupwise");
    options.set("label_lower", -3.0).set("label_upper", 3.0).set("intercept", "true");
    southwell::groupwise here(1, 2, options);
    // Labels of group 0 rise with the feature and those of group 1 fall; some rounds are of both.
    auto round = [](int t) { return std::vector<double>{ std::sin(0.7 * t) }; };
    auto awake = [](int t) { return t % 3 == 0 ? std::vector<std::int64_t>{ 0, 1 } : std::vector<std::int64_t>{ t % 2 }; };
    auto label = [&](int t) { return t % 3 != 0 && t % 2 == 1 ? -2 * round(t)[0] : 2 * round(t)[0]; };
    for (int t = 0; t < 300; t++) {
      const southwell::prediction p = here.predict(round(t), awake(t));
      here.update(p.ticket, label(t));
    }
    southwell::groupwise there = southwell::groupwise::load(here.save());
    double worst = 0;
    for (int t = 300; t < 400; t++) {
      const southwell::prediction a = here.predict(round(t), awake(t)), b = there.predict(round(t), awake(t));
      worst = std::fmax(worst, std::fabs(a.value - b.value));
      here.update(a.ticket, label(t));
      there.update(b.ticket, label(t));
    }
    for (std::int64_t group : there.groups()) {
      const swl_group_cert cert = there.certificate(group);
      std::printf("group %d: %d rounds, regret %.3f, at most %.1f\n", (int)group, (int)cert.rounds, cert.regret, cert.bound);
    }
    std::printf("the two differ by %g\n", worst);
    return worst == 0 ? 0 : 1;
  } catch (const southwell::error &e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
