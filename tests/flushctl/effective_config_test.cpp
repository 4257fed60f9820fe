/// `flushctl config` beside `postconf -x`.
#include <algorithm>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sysexits.h>
#include <unistd.h>

#include "tests/support/child_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush::support {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string name_in(const std::string& line) {
  return line.substr(0, line.find(' '));
}

/// Ours, which postconf(1) does not know.
bool is_of_uflush(const std::string& line) {
  return line.starts_with("uflush_");
}

class FlushctlConfig : public testing::Test {
 protected:
  FlushctlConfig() { write_file(top_.path("master.cf"), ""); }

  Output config(const std::string& main_cf) {
    write_file(top_.path("main.cf"), main_cf);
    return run({UFLUSH_BUILT_FLUSHCTL, "-c", top_.path(), "config"});
  }

  /// Lines of ours that postconf -x does not print for the same main.cf.
  std::vector<std::string> differing(const std::string& main_cf) {
    std::vector<std::string> ours = lines_of(config(main_cf).out);
    std::erase_if(ours, is_of_uflush);
    EXPECT_GT(ours.size(), 30U);
    std::vector<std::string> command = {"/usr/sbin/postconf", "-c", top_.path(), "-x"};
    std::transform(ours.begin(), ours.end(), std::back_inserter(command), name_in);
    std::vector<std::string> theirs = lines_of(run(command).out);
    std::sort(theirs.begin(), theirs.end());
    std::sort(ours.begin(), ours.end());
    std::vector<std::string> missing;
    std::set_difference(ours.begin(), ours.end(), theirs.begin(), theirs.end(), std::back_inserter(missing));
    return missing;
  }

  TempDir top_;
};

TEST_F(FlushctlConfig, ShowsWhatPostconfShows) {
  if (::access("/usr/sbin/postconf", X_OK) != 0) GTEST_SKIP() << "needs Postfix installed";
  EXPECT_THAT(differing(""), IsEmpty());
  EXPECT_THAT(differing("compatibility_level = 3.6\n"), IsEmpty());
  EXPECT_THAT(differing("compatibility_level = 2\n"
                        "mydomain = example.com\n"
                        "myhostname = relay.$mydomain\n"
                        "multi_instance_name = postfix-out\n"
                        "relay_domains = $mydestination, hash:$config_directory/relay\n"
                        "fast_flush_domains = $relay_domains, $own\n"
                        "own = ${multi_instance_name?{a.example}:{b.example}}\n"
                        "hash_queue_names = deferred, flush\n"
                        "hash_queue_depth = 2\n"
                        "max_idle = 17\n"
                        "fast_flush_refresh_time = 6\n"
                        "smtputf8_enable = ${{$compatibility_level} >=level {2} ? {no} : {yes}}\n"
                        "debugger_command = echo $daemon_directory/$config_directory\n"),
              IsEmpty());
}

TEST_F(FlushctlConfig, FoldsRunsOfBlanksAsPostconfDoes) {
  if (::access("/usr/sbin/postconf", X_OK) != 0) GTEST_SKIP() << "needs Postfix installed";
  EXPECT_THAT(differing("mydestination = a,   b\tc\n  d\n\t\te  \"f   g\"\n"
                        "relay_domains = ${x?{  p   q  }}  {  r   s  }\n"
                        "x = 1\n"
                        "y =\n"
                        "fast_flush_domains = $y   a  $y\n"
                        "queue_directory = /x\r  y \v\f z\n"
                        "debugger_command = $y   $y\n"
                        "multi_instance_name = \\   z\n"),
              IsEmpty());
}

TEST_F(FlushctlConfig, KnowsUflushCf) {
  write_file(top_.path("uflush.cf"), "uflush_backend = portable\nuflush_durabilty = sync\n");
  const Output output = config("uflush_backend = auto\n");
  EXPECT_EQ(output.exit.status, EX_OK);
  EXPECT_THAT(output.out, HasSubstr("\nuflush_backend = portable\n"));
  EXPECT_EQ(output.err, "flushctl: warning: " + top_.path("uflush.cf") +
                            ", line 2: unknown parameter uflush_durabilty; the nearest name is "
                            "uflush_durability\n");
}

TEST_F(FlushctlConfig, ShowsTheDefaultOfAParameterWhoseValueMakesNoSense) {
  const Output output = config("uflush_backend = bad\n");
  EXPECT_EQ(output.exit.status, EX_OK);
  EXPECT_THAT(output.out, HasSubstr("\nuflush_backend = auto\n"));
  EXPECT_EQ(output.err, "flushctl: warning: " + top_.path("main.cf") +
                            ", line 1: parameter uflush_backend: unrecognized value: bad; using the default: "
                            "auto\n");
}

TEST_F(FlushctlConfig, ShowsItsOwnParametersToo) {
  const Output output = config("uflush_durability = sync\n");
  EXPECT_EQ(output.exit.status, EX_OK);
  EXPECT_THAT(output.out, HasSubstr("\nuflush_durability = sync\n"));
  EXPECT_THAT(output.out, HasSubstr("\nuflush_table_timeout = 10s\n"));
}

TEST_F(FlushctlConfig, SaysWhatIsWrong) {
  const Output output = config("max_idle = never\nfast_flush_domains = x\nfast_flush_domains = y\n");
  EXPECT_EQ(output.exit.status, EX_CONFIG);
  EXPECT_EQ(output.out, "");
  EXPECT_THAT(output.err, HasSubstr("flushctl: warning: " + top_.path("main.cf") +
                                    ", line 3: overriding earlier entry: fast_flush_domains=x\n"));
  EXPECT_THAT(output.err, HasSubstr("flushctl: parameter max_idle: bad time value or unit: never\n"));
}

}  // namespace
}  // namespace uflush::support
