#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/child_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush::bench {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(FlushbenchReport, IsTheSameRightAfterTheRunAndFromItsKeptNumbers) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to start servers as master(8) does";
  const support::TempDir directory;
  const support::Output run =
      support::run({UFLUSH_BUILT_FLUSHBENCH, "run", "add", "--clients", "1,4", "--requests", "200",
                    "--rounds", "2", "--stock-processes", "1", "--json", directory.path("run.json"),
                    "--report", directory.path("run.html")},
                   {}, std::chrono::seconds(100));
  ASSERT_EQ(run.exit.status, 0) << run.err;
  const support::Output later = support::run(
      {UFLUSH_BUILT_FLUSHBENCH, "report", directory.path("run.json"), directory.path("later.html")});
  ASSERT_EQ(later.exit.status, 0) << later.err;
  const std::string page = support::read_file(directory.path("run.html"));
  EXPECT_EQ(page, support::read_file(directory.path("later.html")));
  EXPECT_THAT(page, StartsWith("<!DOCTYPE html>"));
  EXPECT_THAT(page, HasSubstr("add: 4 clients, 100 sites"));
  EXPECT_THAT(page, HasSubstr("Latency of the slowest"));
  EXPECT_THAT(page, HasSubstr("by number of clients"));
}

TEST(FlushbenchReport, SaysWhenAFileIsNoRun) {
  const support::TempDir directory;
  support::write_file(directory.path("x.json"), "{\"requests\": 5}");
  const support::Output output =
      support::run({UFLUSH_BUILT_FLUSHBENCH, "report", directory.path("x.json"), directory.path("x.html")});
  EXPECT_EQ(output.exit.status, 1);
  EXPECT_THAT(output.err, StartsWith("flushbench: not the JSON of a run: "));
}

}  // namespace
}  // namespace uflush::bench
