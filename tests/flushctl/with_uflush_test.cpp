/// flushctl and uflush together, without Postfix.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "tests/support/child_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush::support {
namespace {

using testing::IsEmpty;

class FlushctlWithUflush : public testing::Test {
 protected:
  FlushctlWithUflush() {
    std::filesystem::create_directories(spool("deferred/4"));
    std::filesystem::create_directory(spool("public"));
    EXPECT_TRUE(wait_until({spool("public")}, [&] { return flushctl({"-q", "ping"}) == EX_OK; }));
  }

  [[nodiscard]] std::string spool(const std::string& name) const { return top_.path("spool/" + name); }

  int flushctl(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {UFLUSH_BUILT_FLUSHCTL, "--socket", spool("public/flush")});
    return run(arguments).exit.status.value_or(-1);
  }

  void defer(const std::string& site, const std::string& queue_id) const {
    write_file(spool("deferred/4/" + queue_id), "mail");
    EXPECT_EQ(flushctl({"add", site, queue_id}), EX_OK);
  }

  [[nodiscard]] bool is_incoming(const std::string& queue_id) const {
    return std::filesystem::exists(spool("incoming/" + queue_id)) &&
           !std::filesystem::exists(spool("deferred/4/" + queue_id));
  }

 private:
  TempDir top_;
  ChildProcess uflush_{{.program = UFLUSH_BUILT_UFLUSH,
                        .argv = {"uflush", "--standalone", top_.path("spool")},
                        .environment = std::vector<std::string>{},
                        .descriptors = {},
                        .working_directory = {},
                        .file_mask = {},
                        .new_process_group = false}};
};

TEST_F(FlushctlWithUflush, SendsOneSiteAndLeavesTheOtherWaiting) {
  defer("one.example", "4A1");
  defer("two.example", "4A2");
  EXPECT_EQ(flushctl({"send-site", "one.example"}), EX_OK);
  EXPECT_TRUE(is_incoming("4A1"));
  EXPECT_FALSE(is_incoming("4A2"));
  EXPECT_THAT(read_file(spool("flush/one_example")), IsEmpty());
  EXPECT_EQ(read_file(spool("flush/two_example")), "4A2\n");
}

TEST_F(FlushctlWithUflush, SendsOneMessage) {
  defer("one.example", "4A1");
  ASSERT_EQ(::chmod(spool("deferred/4/4A1").c_str(), 0700), 0);
  EXPECT_EQ(flushctl({"send-file", "4A1"}), EX_OK);
  EXPECT_TRUE(is_incoming("4A1"));
}

TEST_F(FlushctlWithUflush, IsToldWhenASiteCannotHaveALogfile) {
  EXPECT_EQ(flushctl({"send-site", "[127.0.0.1]"}), EX_DATAERR);
  EXPECT_EQ(flushctl({"add", "one.example", "4/A"}), EX_DATAERR);
}

}  // namespace
}  // namespace uflush::support
