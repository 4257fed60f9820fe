#include "core/debugger.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/memory_sink.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush {
namespace {

using testing::ElementsAre;

TEST(Debugger, RunsTheCommandThroughTheShellAndWaitsForIt) {
  support::TempDir directory;
  MemorySink sink;
  Log log(sink);
  const std::string command = "test -d / && echo yes >" + directory.path("ran");
  EXPECT_TRUE(run_debugger_command(command, log));
  EXPECT_TRUE(std::filesystem::exists(directory.path("ran")));
  EXPECT_THAT(sink.records, ElementsAre("running: " + command));
}

TEST(Debugger, DoesNotCareHowTheCommandEnds) {
  MemorySink sink;
  Log log(sink);
  EXPECT_TRUE(run_debugger_command("exit 3", log));
}

TEST(Debugger, WithoutACommandIsFatal) {
  MemorySink sink;
  Log log(sink);
  const OrFatal<void> outcome = run_debugger_command("", log);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().text, "no debugger_command variable set up");
  EXPECT_THAT(sink.records, ElementsAre());
}

}  // namespace
}  // namespace uflush
